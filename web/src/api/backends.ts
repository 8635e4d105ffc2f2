import type { Http } from './http'
import type { Backend, BackendChanges, BackendList, NewBackend, VisionOutcome } from './model-types'

/** A model may have to think before it names a colour. */
const VISION_TIMEOUT_MS = 120_000
const path = (name: string): string => `/api/backends/${encodeURIComponent(name)}`

export const listBackends = (http: Http): Promise<BackendList> => http.request('GET', '/api/backends')
export const probeBackends = (http: Http): Promise<BackendList> => http.request('POST', '/api/backends/probe')
export const addBackend = (http: Http, fields: NewBackend): Promise<Backend> => http.request('POST', '/api/backends', fields)
export const changeBackend = (http: Http, name: string, changes: BackendChanges): Promise<Backend> => http.request('PATCH', path(name), changes)
export const removeBackend = (http: Http, name: string): Promise<void> => http.request('DELETE', path(name))

export const probeVision = (http: Http, name: string, model: string, mayLoad: boolean): Promise<VisionOutcome> =>
  http.request('POST', `${path(name)}/probe-vision`, { model, ...(mayLoad ? { load: true } : {}) }, {}, VISION_TIMEOUT_MS)

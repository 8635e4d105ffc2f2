import type { Http } from './http'
import type { ModelList, ParameterRanges, Preset, Session, SystemState } from './types'

export const signIn = (http: Http, token: string): Promise<void> => http.request('POST', '/api/session', { token })
export const getSession = (http: Http): Promise<Session> => http.request('GET', '/api/session')
export const signOut = (http: Http): Promise<void> => http.request('DELETE', '/api/session')
export const getSystem = (http: Http): Promise<SystemState> => http.request('GET', '/api/system')
export const getModels = (http: Http): Promise<ModelList> => http.request('GET', '/api/models')
export const getPresets = async (http: Http): Promise<Preset[]> => (await http.request<{ presets: Preset[] }>('GET', '/api/presets')).presets
export const getParameters = (http: Http): Promise<ParameterRanges> => http.request('GET', '/api/parameters')

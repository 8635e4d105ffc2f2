import { sendFile, type Taken } from './documents'
import type { Http } from './http'
import type { Base, BaseFields, DocumentFilter, DocumentList } from './library-types'

const PAGE_SIZE = 100
const path = (baseId: string): string => `/api/bases/${baseId}`

export const listBases = async (http: Http): Promise<Base[]> => (await http.request<{ bases: Base[] }>('GET', '/api/bases')).bases
export const createBase = (http: Http, fields: BaseFields): Promise<Base> => http.request('POST', '/api/bases', fields)
export const changeBase = (http: Http, baseId: string, changes: BaseFields): Promise<Base> => http.request('PATCH', path(baseId), changes)
export const removeBase = (http: Http, baseId: string): Promise<void> => http.request('DELETE', path(baseId))

export function listDocuments(http: Http, baseId: string, filter: DocumentFilter, before: string | null, limit = PAGE_SIZE): Promise<DocumentList> {
  const query = new URLSearchParams({ limit: String(limit) })
  if (filter.status) query.set('status', filter.status)
  if (filter.name) query.set('name', filter.name)
  if (before !== null) query.set('before', before)
  return http.request('GET', `${path(baseId)}/documents?${query}`)
}

/** Sends a file into a base; `place` is its path in the folder that it came from, and names its versions. */
export function uploadToBase(http: Http, baseId: string, file: File, place: string | null, onProgress: (share: number) => void, signal: AbortSignal): Promise<Taken> {
  const query = new URLSearchParams({ name: file.name, ...(place === null ? {} : { path: place }) })
  return sendFile(http, `${path(baseId)}/documents?${query}`, file, onProgress, signal)
}

export const getChatBases = async (http: Http, chatId: string): Promise<Base[]> => (await http.request<{ bases: Base[] }>('GET', `/api/chats/${chatId}/bases`)).bases
export const setChatBases = async (http: Http, chatId: string, baseIds: readonly string[]): Promise<Base[]> =>
  (await http.request<{ bases: Base[] }>('PUT', `/api/chats/${chatId}/bases`, { base_ids: baseIds })).bases

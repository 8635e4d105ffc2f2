import type { Http } from './http'
import type { Block, PageText } from './library-types'
import type { ChatDocument, PageBoxes } from './types'
import { upload } from './upload'

/** What came of an upload; `isKnown` when the same bytes were there before. */
export interface Taken {
  document: ChatDocument
  isKnown: boolean
}

/** Small files are read before the answer comes, for larger ones the page asks again. Unit: seconds. */
const WAIT_S = 2

/** Sends a file; `onProgress` gets the share sent, 0 to 1. Raises: ApiError, or AbortError when `signal` fires. */
export async function sendFile(http: Http, address: string, file: File, onProgress: (share: number) => void, signal: AbortSignal): Promise<Taken> {
  const { status, body } = await upload<ChatDocument>(http, address, file, onProgress, signal)
  return { document: body, isKnown: status === 200 }
}

/** Sends a file into a chat; it may still be `reading` when this answers. */
export const uploadDocument = async (http: Http, chatId: string, file: File, onProgress: (share: number) => void, signal: AbortSignal): Promise<ChatDocument> =>
  (await sendFile(http, `/api/chats/${chatId}/documents?${new URLSearchParams({ name: file.name, wait: String(WAIT_S) })}`, file, onProgress, signal)).document

export const documentPath = (documentId: string): string => `/api/documents/${documentId}`
export const asked = (fields: Record<string, string | number | null>): string => {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) if (value !== null) query.set(name, String(value))
  const written = query.toString()
  return written ? `?${written}` : ''
}

export const deleteDocument = (http: Http, documentId: string): Promise<void> => http.request('DELETE', documentPath(documentId))
export const getDocument = (http: Http, documentId: string): Promise<ChatDocument> => http.request('GET', documentPath(documentId))
export const getPage = async (http: Http, documentId: string, page: number | null): Promise<PageText> => {
  const read = await http.request<{ text: string; blocks?: Block[]; links?: PageText['links'] }>('GET', `${documentPath(documentId)}/text${asked({ page })}`)
  return { text: read.text, blocks: read.blocks ?? [], links: read.links ?? [] }
}
export const getBoxes = (http: Http, documentId: string, page: number | null, start: number, end: number): Promise<PageBoxes> =>
  http.request('GET', `${documentPath(documentId)}/boxes${asked({ page, start, end })}`)

/** The address of a page or picture as an image. */
export const imageAddress = (documentId: string, page: number | null, width: number | null): string => `${documentPath(documentId)}/image${asked({ page, width })}`

import { ApiError, readProblem, unreachable, type Http } from './http'
import type { Block, Entity, FoundPlaces, PageText, PageWords } from './library-types'
import type { ChatDocument, Figure, ListedDocument, PageBoxes } from './types'

/** What came of an upload; `isKnown` when the same bytes were there before. */
export interface Taken {
  document: ChatDocument
  isKnown: boolean
}

/** Small files are read before the answer comes, for larger ones the page asks again. Unit: seconds. */
const WAIT_S = 2

/** Sends a file; `onProgress` gets the share sent, 0 to 1. Raises: ApiError, or AbortError when `signal` fires. */
export function sendFile(http: Http, address: string, file: File, onProgress: (share: number) => void, signal: AbortSignal): Promise<Taken> {
  return new Promise((resolve, reject) => {
    // fetch() cannot report how much of a body was sent.
    const request = new XMLHttpRequest()
    request.open('POST', address)
    request.setRequestHeader('Content-Type', 'application/octet-stream')
    request.setRequestHeader('X-Samovar', '1')
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total)
    }
    request.onload = () => {
      http.watcher.reached()
      if (request.status >= 200 && request.status < 300)
        return resolve({ document: JSON.parse(request.responseText) as ChatDocument, isKnown: request.status === 200 })
      if (request.status === 401) http.watcher.signedOut()
      reject(readProblem(request.status, request.responseText))
    }
    request.onerror = () => {
      http.watcher.lost()
      reject(unreachable())
    }
    request.onabort = () => reject(new DOMException('The upload was cancelled.', 'AbortError'))
    signal.addEventListener('abort', () => request.abort())
    request.send(file)
  })
}

/** Sends a file into a chat; it may still be `reading` when this answers. */
export const uploadDocument = async (http: Http, chatId: string, file: File, onProgress: (share: number) => void, signal: AbortSignal): Promise<ChatDocument> =>
  (await sendFile(http, `/api/chats/${chatId}/documents?${new URLSearchParams({ name: file.name, wait: String(WAIT_S) })}`, file, onProgress, signal)).document

const path = (documentId: string): string => `/api/documents/${documentId}`
const asked = (fields: Record<string, string | number | null>): string => {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) if (value !== null) query.set(name, String(value))
  const written = query.toString()
  return written ? `?${written}` : ''
}

export const deleteDocument = (http: Http, documentId: string): Promise<void> => http.request('DELETE', path(documentId))
export const getDocument = (http: Http, documentId: string): Promise<ChatDocument> => http.request('GET', path(documentId))
/** The members of an archive, the attachments of a letter. */
export const getParts = async (http: Http, documentId: string): Promise<ListedDocument[]> =>
  (await http.request<{ documents: ListedDocument[] }>('GET', `${path(documentId)}/parts`)).documents
export const rereadDocument = (http: Http, documentId: string): Promise<ChatDocument> => http.request('POST', `${path(documentId)}/reread`)
export const cancelDocument = (http: Http, documentId: string): Promise<ChatDocument> => http.request('POST', `${path(documentId)}/cancel`)
/** The address of the bytes as they were taken in. */
export const fileAddress = (documentId: string): string => `${path(documentId)}/file`

export const getPage = async (http: Http, documentId: string, page: number | null): Promise<PageText> => {
  const read = await http.request<{ text: string; blocks?: Block[]; links?: PageText['links'] }>('GET', `${path(documentId)}/text${asked({ page })}`)
  return { text: read.text, blocks: read.blocks ?? [], links: read.links ?? [] }
}
export const getWords = (http: Http, documentId: string, page: number): Promise<PageWords> => http.request('GET', `${path(documentId)}/words${asked({ page })}`)
export const findInDocument = (http: Http, documentId: string, text: string, limit: number): Promise<FoundPlaces> =>
  http.request('GET', `${path(documentId)}/find${asked({ text, limit })}`)

export const getBoxes = (http: Http, documentId: string, page: number, start: number, end: number): Promise<PageBoxes> =>
  http.request('GET', `${path(documentId)}/boxes${asked({ page, start, end })}`)

/** The address of a page or picture as an image. */
export const imageAddress = (documentId: string, page: number | null, width: number | null): string => `${path(documentId)}/image${asked({ page, width })}`

const figurePath = (documentId: string, figure: Pick<Figure, 'page' | 'number'>, what: string): string =>
  `${path(documentId)}/figures/${figure.number}/${what}${asked({ page: figure.page })}`
export const figureAddress = (documentId: string, figure: Pick<Figure, 'page' | 'number'>): string => figurePath(documentId, figure, 'image')
/** A model may have to be loaded before it looks. */
const LOOK_TIMEOUT_MS = 120_000
export const describeFigure = (http: Http, documentId: string, figure: Figure): Promise<Figure> => http.request('POST', figurePath(documentId, figure, 'describe'), {})
export const getEntities = async (http: Http, documentId: string, figure: Figure): Promise<Entity[]> =>
  (await http.request<{ entities: Entity[] }>('GET', figurePath(documentId, figure, 'entities'))).entities
export const findEntities = async (http: Http, documentId: string, figure: Figure): Promise<Entity[]> =>
  (await http.request<{ entities: Entity[] }>('POST', figurePath(documentId, figure, 'entities'), {}, {}, LOOK_TIMEOUT_MS)).entities

export const isGone = (error: unknown): boolean => error instanceof ApiError && error.status === 404

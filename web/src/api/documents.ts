import { ApiError, readProblem, unreachable, type Http } from './http'
import type { ChatDocument, PageBoxes } from './types'

/** Sends a file; `onProgress` gets the share sent, 0 to 1. Raises: ApiError, or AbortError when `signal` fires. */
export function uploadDocument(
  http: Http,
  chatId: string,
  file: File,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<ChatDocument> {
  return new Promise((resolve, reject) => {
    // fetch() cannot report how much of a body was sent.
    const request = new XMLHttpRequest()
    request.open('POST', `/api/chats/${chatId}/documents?name=${encodeURIComponent(file.name)}`)
    request.setRequestHeader('Content-Type', 'application/octet-stream')
    request.setRequestHeader('X-Samovar', '1')
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total)
    }
    request.onload = () => {
      http.watcher.reached()
      if (request.status === 201) return resolve(JSON.parse(request.responseText) as ChatDocument)
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

export const deleteDocument = (http: Http, documentId: string): Promise<void> =>
  http.request('DELETE', `/api/documents/${documentId}`)

export const getDocument = (http: Http, documentId: string): Promise<ChatDocument> =>
  http.request('GET', `/api/documents/${documentId}`)

export const getPageText = async (http: Http, documentId: string, page: number | null): Promise<string> =>
  (await http.request<{ text: string }>('GET', `/api/documents/${documentId}/text${page === null ? '' : `?page=${page}`}`)).text

export const getBoxes = (http: Http, documentId: string, page: number, start: number, end: number): Promise<PageBoxes> =>
  http.request('GET', `/api/documents/${documentId}/boxes?page=${page}&start=${start}&end=${end}`)

/** The address of a page or picture as an image. */
export function imageAddress(documentId: string, page: number | null, width: number | null): string {
  const query = new URLSearchParams()
  if (page !== null) query.set('page', String(page))
  if (width !== null) query.set('width', String(width))
  const written = query.toString()
  return `/api/documents/${documentId}/image${written ? `?${written}` : ''}`
}

export const isGone = (error: unknown): boolean => error instanceof ApiError && error.status === 404

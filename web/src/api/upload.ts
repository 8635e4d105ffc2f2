import { readProblem, unreachable, type Http } from './http'

/** Sends a file and returns what the server says of it; `onProgress` gets the share sent, 0 to 1. Raises: ApiError, or AbortError when `signal` fires. */
export function upload<T>(http: Http, address: string, file: File, onProgress: (share: number) => void, signal: AbortSignal): Promise<{ status: number; body: T }> {
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
      if (request.status >= 200 && request.status < 300) return resolve({ status: request.status, body: JSON.parse(request.responseText) as T })
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

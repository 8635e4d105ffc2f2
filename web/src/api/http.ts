import type { Problem } from './types'

/** Told what every request found out about the line and the session. */
export interface LineWatcher {
  reached(): void
  lost(): void
  signedOut(): void
}

/** An answer that says no, or no answer at all (`status` 0, code `unreachable`). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem,
  ) {
    super(problem.title)
    this.name = 'ApiError'
  }
}

export const unreachable = (): ApiError =>
  new ApiError(0, { code: 'unreachable', title: 'Samovar does not answer.', detail: 'Trying again.', values: {} })

/** What an error means to the person: our own problem when it came from anywhere else. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ApiError) return error.problem
  return { code: 'internal', title: error instanceof Error ? error.message : String(error), detail: '', values: {} }
}

export function readProblem(status: number, body: string): ApiError {
  try {
    const read = JSON.parse(body) as Partial<Problem>
    if (typeof read.code === 'string')
      return new ApiError(status, {
        code: read.code,
        title: read.title ?? '',
        detail: read.detail ?? '',
        values: read.values ?? {},
      })
  } catch {
    // Not JSON: a proxy or an older server spoke; the status is all there is.
  }
  return new ApiError(status, { code: 'internal', title: `HTTP ${status}`, detail: '', values: {} })
}

const REQUEST_TIMEOUT_MS = 30_000

/** Requests of the page: JSON in, JSON out, problems as `ApiError`. */
export class Http {
  constructor(readonly watcher: LineWatcher) {}

  async open(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    let response: Response
    try {
      response = await fetch(path, {
        ...init,
        method,
        credentials: 'same-origin',
        cache: 'no-store',
        headers: { ...(method === 'GET' ? {} : { 'X-Samovar': '1' }), ...(init.headers as Record<string, string>) },
      })
    } catch (error) {
      if (init.signal?.aborted && init.signal.reason instanceof DOMException && init.signal.reason.name === 'AbortError') throw error
      this.watcher.lost()
      throw unreachable()
    }
    // A gateway without its server behind it is a lost line, not an answer.
    if (response.status === 502 || response.status === 504) {
      this.watcher.lost()
      throw unreachable()
    }
    this.watcher.reached()
    if (response.ok) return response
    const error = readProblem(response.status, await response.text())
    if (response.status === 401) this.watcher.signedOut()
    throw error
  }

  async request<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}, timeoutMs = REQUEST_TIMEOUT_MS): Promise<T> {
    const response = await this.open(method, path, {
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: { Accept: 'application/json', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
      signal: AbortSignal.timeout(timeoutMs),
    })
    const read = await response.text()
    return (read === '' ? undefined : JSON.parse(read)) as T
  }
}

import { ApiError, type Http } from './http'
import { followEvents, type ServerEvent } from './sse'
import type { Ledger, RunEvent } from './types'

const KINDS = new Set(['status', 'queue', 'restart', 'progress', 'notice', 'passages', 'reasoning', 'delta', 'replace', 'citations', 'grounding', 'usage', 'end'])

/** The event of a run, or null for a kind that this page does not know. */
export function readRunEvent(event: ServerEvent): RunEvent | null {
  if (!KINDS.has(event.event)) return null
  try {
    return { ...(JSON.parse(event.data) as object), kind: event.event } as RunEvent
  } catch {
    return null
  }
}

/** Every event of a run until its end; a lost line is opened again by itself. */
export async function* followRun(http: Http, runId: string, signal: AbortSignal): AsyncGenerator<RunEvent> {
  const events = followEvents({
    open: (lastEventId, aborted) =>
      http.open('GET', `/api/runs/${runId}/events`, {
        signal: aborted,
        headers: { Accept: 'text/event-stream', ...(lastEventId === null ? {} : { 'Last-Event-ID': lastEventId }) },
      }),
    mayRetry: (error) => !(error instanceof ApiError) || error.status === 0 || error.status === 429 || error.status >= 500,
    isEnd: (event) => event.event === 'end',
    signal,
  })
  for await (const event of events) {
    const read = readRunEvent(event)
    if (read) yield read
  }
}

export const stopRun = (http: Http, runId: string): Promise<void> => http.request('POST', `/api/runs/${runId}/stop`)

export const getLedger = (http: Http, runId: string): Promise<Ledger> => http.request('GET', `/api/runs/${runId}/ledger`)

import type { Http } from './http'
import { readRunEvent } from './runs'
import { EventParser } from './sse'
import type { RunEvent } from './types'

export interface TemporaryQuestion {
  /** The whole conversation, oldest first; the last one is the question. */
  messages: { role: 'user' | 'assistant'; text: string }[]
  model?: string
}

/** The events of a reply that nobody keeps. A line that breaks ends it: there is nothing to come back to. */
export async function* askTemporary(http: Http, question: TemporaryQuestion, signal: AbortSignal): AsyncGenerator<RunEvent> {
  const response = await http.open('POST', '/api/temporary/reply', {
    body: JSON.stringify(question),
    headers: { Accept: 'text/event-stream', 'Content-Type': 'application/json' },
    signal,
  })
  const reader = response.body?.getReader()
  if (!reader) return
  const parser = new EventParser()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      for (const event of parser.feed(value)) {
        const read = readRunEvent(event)
        if (read) yield read
      }
    }
  } finally {
    reader.cancel().catch(() => undefined)
  }
}

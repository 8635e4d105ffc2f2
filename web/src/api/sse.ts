/** One event of a `text/event-stream`. */
export interface ServerEvent {
  id: string | null
  event: string
  data: string
}

/** Turns bytes, cut anywhere, into whole events. */
export class EventParser {
  #decoder = new TextDecoder()
  #line = ''
  #skipLineFeed = false
  #event = ''
  #data: string[] = []
  #id: string | null = null

  feed(bytes: Uint8Array): ServerEvent[] {
    const events: ServerEvent[] = []
    const text = this.#decoder.decode(bytes, { stream: true })
    let start = 0
    for (let index = 0; index < text.length; index++) {
      const character = text[index]
      if (character !== '\n' && character !== '\r') {
        this.#skipLineFeed = false
        continue
      }
      if (character === '\n' && this.#skipLineFeed) {
        this.#skipLineFeed = false
        start = index + 1
        continue
      }
      this.#skipLineFeed = character === '\r'
      const line = this.#line + text.slice(start, index)
      this.#line = ''
      start = index + 1
      const event = this.#take(line)
      if (event) events.push(event)
    }
    this.#line += text.slice(start)
    return events
  }

  #take(line: string): ServerEvent | null {
    if (line === '') return this.#dispatch()
    const colon = line.indexOf(':')
    if (colon === 0) return null
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'data') this.#data.push(value)
    else if (field === 'event') this.#event = value
    else if (field === 'id' && !value.includes('\0')) this.#id = value
    return null
  }

  #dispatch(): ServerEvent | null {
    const event = { id: this.#id, event: this.#event || 'message', data: this.#data.join('\n') }
    const has = this.#data.length > 0
    this.#event = ''
    this.#data = []
    this.#id = null
    return has ? event : null
  }
}

export interface FollowOptions {
  /** Opens the stream; throws for an answer that must not be asked for again. */
  open(lastEventId: string | null, signal: AbortSignal): Promise<Response>
  /** Whether an error of `open` is worth another try. */
  mayRetry(error: unknown): boolean
  isEnd(event: ServerEvent): boolean
  signal: AbortSignal
  lastEventId?: string | null
  firstWaitMs?: number
  longestWaitMs?: number
}

/**
 * Every event until the one that ends the stream, across hang-ups.
 *
 * Only `isEnd` ends it. After anything else the stream is opened again after the last event seen,
 * waiting 0.5 s at first and at most 10 s; an event resets the wait. Events seen already are dropped.
 */
export async function* followEvents(options: FollowOptions): AsyncGenerator<ServerEvent> {
  const firstWaitMs = options.firstWaitMs ?? 500
  const longestWaitMs = options.longestWaitMs ?? 10_000
  let lastEventId = options.lastEventId ?? null
  let waitMs = firstWaitMs
  while (!options.signal.aborted) {
    try {
      const response = await options.open(lastEventId, options.signal)
      const reader = response.body?.getReader()
      if (reader) {
        const parser = new EventParser()
        try {
          for (;;) {
            const { done, value } = await reader.read()
            if (done) break
            for (const event of parser.feed(value)) {
              if (wasSeen(event.id, lastEventId) && event.event !== 'replace') continue
              lastEventId = event.id ?? lastEventId
              waitMs = firstWaitMs
              yield event
              if (options.isEnd(event)) return
            }
          }
        } finally {
          // Free the socket also when the consumer leaves in the middle.
          reader.cancel().catch(() => undefined)
        }
      }
    } catch (error) {
      if (options.signal.aborted) return
      if (!options.mayRetry(error)) throw error
    }
    await pause(waitMs, options.signal)
    waitMs = Math.min(waitMs * 2, longestWaitMs)
  }
}

function wasSeen(id: string | null, lastEventId: string | null): boolean {
  if (id === null || lastEventId === null) return false
  return Number(id) <= Number(lastEventId)
}

function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      globalThis.removeEventListener?.('online', finish)
      resolve()
    }
    const timer = setTimeout(finish, waitMs)
    signal.addEventListener('abort', finish)
    globalThis.addEventListener?.('online', finish)
  })
}

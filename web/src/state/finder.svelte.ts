import { find, type Found } from '../api/finding'
import { problemOf, type Http } from '../api/http'
import type { Problem } from '../api/types'

const TYPING_MS = 150

/** A search over everything that was said, asked again as the query is typed; the answer to the last question wins. */
export class Finder {
  #http: Http
  #query = $state('')
  #found = $state.raw<Found | null>(null)
  #problem = $state.raw<Problem | null>(null)
  #isAsking = $state(false)
  #timer: ReturnType<typeof setTimeout> | undefined
  #turn = 0

  constructor(http: Http) {
    this.#http = http
  }

  get query(): string {
    return this.#query
  }
  get found(): Found | null {
    return this.#found
  }
  get problem(): Problem | null {
    return this.#problem
  }
  get isAsking(): boolean {
    return this.#isAsking
  }
  get count(): number {
    return this.#found ? this.#found.messages.length + this.#found.documents.length : 0
  }

  /** Takes what is typed; what was found before stays until there is something else. */
  type(query: string): void {
    this.#query = query
    clearTimeout(this.#timer)
    const turn = ++this.#turn
    this.#isAsking = query.trim() !== ''
    if (!this.#isAsking) {
      this.#found = null
      this.#problem = null
      return
    }
    this.#timer = setTimeout(() => void this.#ask(turn), TYPING_MS)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#turn++
  }

  async #ask(turn: number): Promise<void> {
    try {
      const found = await find(this.#http, this.#query.trim())
      if (turn !== this.#turn) return
      this.#found = found
      this.#problem = null
    } catch (error) {
      if (turn !== this.#turn) return
      this.#problem = problemOf(error)
    }
    this.#isAsking = false
  }
}

import { problemOf, unreachable, type Http } from '../api/http'
import { askTemporary } from '../api/temporary'
import type { Message } from '../api/types'
import { newId } from '../lib/store'
import { LiveRun } from './run.svelte'

/** What was said in a temporary chat; a reply holds its run. */
export interface TemporaryTurn {
  id: string
  role: 'user' | 'assistant'
  text: string
  run: LiveRun | null
}

/** A chat that lives in this object alone: it is never stored, here or on the server, and goes with the page. */
export class TemporaryChat {
  #http: Http
  #turns = $state.raw<readonly TemporaryTurn[]>([])
  #model = $state<string | null>(null)
  #reader: AbortController | null = null

  constructor(http: Http) {
    this.#http = http
  }

  get turns(): readonly TemporaryTurn[] {
    return this.#turns
  }
  get model(): string | null {
    return this.#model
  }
  get isWriting(): boolean {
    return this.#turns.at(-1)?.run?.isLive ?? false
  }
  get hasWords(): boolean {
    return this.#turns.length > 0
  }

  chooseModel(model: string | null): void {
    this.#model = model
  }

  async send(text: string): Promise<void> {
    if (this.isWriting || text.trim() === '') return
    this.#turns = [...this.#turns, { id: newId(), role: 'user', text, run: null }]
    await this.#answer()
  }

  /** Asks the last question again, in the place of its answer. */
  async again(): Promise<void> {
    if (this.isWriting) return
    if (this.#turns.at(-1)?.role === 'assistant') this.#turns = this.#turns.slice(0, -1)
    if (this.#turns.length > 0) await this.#answer()
  }

  /** Ends the reply that is being written; what has arrived stays. */
  stop(): void {
    this.#reader?.abort()
  }

  /** Forgets everything. */
  end(): void {
    this.stop()
    this.#turns = []
  }

  async #answer(): Promise<void> {
    // A reply without words is no turn of the conversation.
    const messages = this.#turns.map((turn) => ({ role: turn.role, text: turn.run?.text ?? turn.text })).filter((turn) => turn.text.trim() !== '')
    const reader = new AbortController()
    this.#reader = reader
    const run = new LiveRun('', emptyReply())
    this.#turns = [...this.#turns, { id: run.messageId, role: 'assistant', text: '', run }]
    try {
      for await (const event of askTemporary(this.#http, { messages, ...(this.#model ? { model: this.#model } : {}) }, reader.signal)) run.take(event)
      if (run.isLive) run.finish('interrupted', unreachable().problem)
    } catch (error) {
      run.finish(reader.signal.aborted ? 'stopped' : 'failed', reader.signal.aborted ? null : problemOf(error))
    }
  }
}

const emptyReply = (): Message => ({
  id: newId(), parent_id: null, position: 0, role: 'assistant', text: '', reasoning: '', document_ids: [], run_id: '', run_status: 'queued',
  error_code: null, model: null, citations: [], created_at: '',
})

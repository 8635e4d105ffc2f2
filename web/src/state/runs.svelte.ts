import { SvelteMap } from 'svelte/reactivity'
import { problemOf, type Http } from '../api/http'
import { followRun, stopRun } from '../api/runs'
import type { Message, Problem } from '../api/types'
import type { LiveRun } from './run.svelte'

/** Every reply that is or was written while the page lives; several may be written at once. */
export class Runs {
  #http: Http
  #byId = new SvelteMap<string, LiveRun>()
  #readers = new Map<string, AbortController>()

  constructor(http: Http) {
    this.#http = http
  }

  of(message: Message): LiveRun | null {
    return message.run_id === null ? null : (this.#byId.get(message.run_id) ?? null)
  }

  isWriting(chatId: string): boolean {
    for (const run of this.#byId.values()) if (run.chatId === chatId && run.isLive) return true
    return false
  }

  /** Reads a run until its end. Does nothing for one that is being read already. */
  follow(chatId: string, message: Message, onEnd: (run: LiveRun) => void): void {
    if (message.run_id === null || this.#readers.has(message.run_id)) return
    const reader = new AbortController()
    this.#readers.set(message.run_id, reader)
    void this.#read(chatId, message, reader.signal, onEnd)
  }

  async stop(runId: string): Promise<Problem | null> {
    try {
      await stopRun(this.#http, runId)
      return null
    } catch (error) {
      return problemOf(error)
    }
  }

  /** Leaves the streams of a chat that is gone. */
  forget(chatId: string): void {
    for (const run of this.#byId.values()) {
      if (run.chatId !== chatId) continue
      this.#readers.get(run.runId)?.abort()
      this.#readers.delete(run.runId)
      this.#byId.delete(run.runId)
    }
  }

  async #read(chatId: string, message: Message, signal: AbortSignal, onEnd: (run: LiveRun) => void): Promise<void> {
    // Comes with the reader of Markdown, which the first view of the page does without.
    const { LiveRun } = await import('./run.svelte')
    if (signal.aborted) return
    const run = new LiveRun(chatId, message)
    this.#byId.set(run.runId, run)
    try {
      for await (const event of followRun(this.#http, run.runId, signal)) run.take(event)
    } catch (error) {
      run.finish('interrupted', problemOf(error))
    }
    this.#readers.delete(run.runId)
    if (!signal.aborted) onEnd(run)
  }
}

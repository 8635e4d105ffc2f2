import type { Chat, Parameters } from '../api/types'

const WRITE_DELAY_MS = 400

export interface SettingFields {
  system_prompt: string
  model: string | null
  parameters: Parameters
}

/** What a reader sets of a chat. It counts here at once and is written to the server a little later, many changes in one. */
export class ChatSettings {
  #fields = $state.raw<SettingFields>({ system_prompt: '', model: null, parameters: {} })
  #waiting: Partial<SettingFields> = {}
  #timer: ReturnType<typeof setTimeout> | undefined

  get fields(): SettingFields {
    return this.#fields
  }
  /** What differs from a new chat. */
  get chosen(): Partial<SettingFields> {
    const { system_prompt, model, parameters } = this.#fields
    return {
      ...(system_prompt ? { system_prompt } : {}),
      ...(model ? { model } : {}),
      ...(Object.keys(parameters).length > 0 ? { parameters } : {}),
    }
  }

  /** Sets them for a chat that is not stored yet. */
  set(changes: Partial<SettingFields>): void {
    this.#fields = { ...this.#fields, ...changes }
  }
  /** Sets them and calls `write` when the reader pauses; that is to call `flush`. */
  change(changes: Partial<SettingFields>, write: () => void): void {
    this.set(changes)
    this.#waiting = { ...this.#waiting, ...changes }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(write, WRITE_DELAY_MS)
  }
  /** Takes what the server has; what was changed since and is not written yet stays. */
  take({ system_prompt, model, parameters }: Chat): void {
    this.#fields = { system_prompt, model, parameters, ...this.#waiting }
  }

  /** Writes what waits, if anything does. What could not be written waits for the next try. */
  async flush(write: (changes: Partial<SettingFields>) => Promise<void>): Promise<void> {
    clearTimeout(this.#timer)
    const changes = this.#waiting
    if (Object.keys(changes).length === 0) return
    this.#waiting = {}
    try {
      await write(changes)
    } catch (error) {
      // Under what was changed since.
      this.#waiting = { ...changes, ...this.#waiting }
      throw error
    }
  }
}

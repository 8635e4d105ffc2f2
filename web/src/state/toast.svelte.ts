const SHOWN_MS = 2200

/** A short word about something that has just happened; it goes away by itself. */
export class Toast {
  #text = $state('')
  #timer: ReturnType<typeof setTimeout> | undefined

  get text(): string {
    return this.#text
  }

  say(text: string): void {
    this.#text = text
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => (this.#text = ''), SHOWN_MS)
  }
}

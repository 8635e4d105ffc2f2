import type { LineWatcher } from '../api/http'

const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 5000

/** Whether the server can be reached; while it cannot, asks again by itself until it can. */
export class Line implements LineWatcher {
  #isLost = $state(false)
  #timer: ReturnType<typeof setTimeout> | undefined
  #waitMs = FIRST_WAIT_MS
  #probe: () => Promise<unknown> = async () => undefined
  #onBack: () => void = () => undefined
  #onSignedOut: () => void = () => undefined

  get isLost(): boolean {
    return this.#isLost
  }

  watch(watch: { probe: () => Promise<unknown>; onBack: () => void; onSignedOut: () => void }): void {
    this.#probe = watch.probe
    this.#onBack = watch.onBack
    this.#onSignedOut = watch.onSignedOut
  }

  reached(): void {
    if (!this.#isLost) return
    this.#isLost = false
    this.#waitMs = FIRST_WAIT_MS
    clearTimeout(this.#timer)
    this.#onBack()
  }

  lost(): void {
    if (this.#isLost) return
    this.#isLost = true
    this.#ask()
  }

  signedOut(): void {
    this.#onSignedOut()
  }

  #ask(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#waitMs = Math.min(this.#waitMs * 1.5, LONGEST_WAIT_MS)
      // The outcome reaches this object through `reached`; a failure leads to the next try.
      this.#probe()
        .catch(() => undefined)
        .finally(() => {
          if (this.#isLost) this.#ask()
        })
    }, this.#waitMs)
  }
}

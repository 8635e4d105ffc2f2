import type { Taken } from '../api/documents'
import { problemOf, type Http } from '../api/http'
import { uploadToBase } from '../api/library'
import type { Problem } from '../api/types'
import type { FoundFile } from '../lib/folders'
import { newId } from '../lib/store'

/** More at once would only divide the same line. */
const MOST_AT_ONCE = 3
/** Finished ones beyond these are forgotten, the oldest first. */
const MOST_FINISHED = 200

export type UploadState = 'waiting' | 'sending' | 'done' | 'known' | 'failed' | 'cancelled'

/** One file on its way into a base. */
export class Upload {
  readonly id = newId()
  readonly baseId: string
  readonly name: string
  readonly path: string | null
  readonly sizeBytes: number
  #file: File
  #abort = new AbortController()
  #state = $state<UploadState>('waiting')
  #share = $state(0)
  #problem = $state.raw<Problem | null>(null)

  constructor(baseId: string, found: FoundFile) {
    this.baseId = baseId
    this.name = found.file.name
    this.path = found.path
    this.sizeBytes = found.file.size
    this.#file = found.file
  }

  get state(): UploadState {
    return this.#state
  }
  /** How much of it has been sent, 0 to 1. */
  get share(): number {
    return this.#share
  }
  get problem(): Problem | null {
    return this.#problem
  }
  get isOnItsWay(): boolean {
    return this.#state === 'waiting' || this.#state === 'sending'
  }

  async send(http: Http): Promise<Taken | null> {
    this.#state = 'sending'
    this.#share = 0
    try {
      const taken = await uploadToBase(http, this.baseId, this.#file, this.path, (share) => (this.#share = share), this.#abort.signal)
      this.#state = taken.isKnown ? 'known' : 'done'
      return taken
    } catch (error) {
      if (this.#abort.signal.aborted) this.#state = 'cancelled'
      else {
        this.#problem = problemOf(error)
        this.#state = 'failed'
      }
      return null
    }
  }

  cancel(): void {
    this.#abort.abort()
    if (this.#state === 'waiting') this.#state = 'cancelled'
  }

  /** Puts it back into the line. */
  reset(): void {
    this.#abort = new AbortController()
    this.#problem = null
    this.#share = 0
    this.#state = 'waiting'
  }
}

/** Files on their way into bases, a few at once; they go on while other pages are looked at. */
export class Uploads {
  #http: Http
  #onTaken: (baseId: string, taken: Taken) => void
  #list = $state.raw<readonly Upload[]>([])
  #running = 0

  constructor(http: Http, onTaken: (baseId: string, taken: Taken) => void) {
    this.#http = http
    this.#onTaken = onTaken
  }

  of(baseId: string): Upload[] {
    return this.#list.filter((upload) => upload.baseId === baseId)
  }
  get isBusy(): boolean {
    return this.#list.some((upload) => upload.isOnItsWay)
  }

  add(baseId: string, files: readonly FoundFile[]): void {
    this.#list = [...this.#list, ...files.map((found) => new Upload(baseId, found))]
    this.#goOn()
  }

  retry(upload: Upload): void {
    upload.reset()
    this.#goOn()
  }

  cancelAll(baseId: string): void {
    for (const upload of this.of(baseId)) if (upload.isOnItsWay) upload.cancel()
  }

  remove(upload: Upload): void {
    upload.cancel()
    this.#list = this.#list.filter((other) => other !== upload)
  }

  /** Takes what has ended off the list; what failed stays unless `withFailed`. */
  clear(baseId: string, withFailed: boolean): void {
    this.#list = this.#list.filter((upload) => upload.baseId !== baseId || upload.isOnItsWay || (!withFailed && upload.state === 'failed'))
  }

  #goOn(): void {
    while (this.#running < MOST_AT_ONCE) {
      const next = this.#list.find((upload) => upload.state === 'waiting')
      if (!next) return
      this.#running++
      void next.send(this.#http).then((taken) => {
        this.#running--
        if (taken) this.#onTaken(next.baseId, taken)
        this.#forget()
        this.#goOn()
      })
    }
  }

  #forget(): void {
    const finished = this.#list.filter((upload) => upload.state === 'done' || upload.state === 'known')
    if (finished.length <= MOST_FINISHED) return
    const old = new Set(finished.slice(0, finished.length - MOST_FINISHED))
    this.#list = this.#list.filter((upload) => !old.has(upload))
  }
}

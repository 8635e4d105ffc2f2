import { problemOf, type Http } from '../api/http'
import { importChats, type ImportReport } from '../api/interchange'
import type { Problem } from '../api/types'
import { newId } from '../lib/store'

/** One export of another program on its way in, and what came of it. */
export class ImportJob {
  readonly id = newId()
  readonly name: string
  #share = $state(0)
  #report = $state.raw<ImportReport | null>(null)
  #problem = $state.raw<Problem | null>(null)
  #sending = new AbortController()

  constructor(readonly file: File) {
    this.name = file.name
  }

  /** Sent so far, 0 to 1; at 1 the server reads it. */
  get share(): number {
    return this.#share
  }
  get report(): ImportReport | null {
    return this.#report
  }
  get problem(): Problem | null {
    return this.#problem
  }
  get state(): 'sending' | 'done' | 'failed' {
    return this.#report ? 'done' : this.#problem ? 'failed' : 'sending'
  }

  async send(http: Http): Promise<void> {
    try {
      this.#report = await importChats(http, this.file, (share) => (this.#share = share), this.#sending.signal)
    } catch (error) {
      if (!this.#sending.signal.aborted) this.#problem = problemOf(error)
    }
  }
  cancel(): void {
    this.#sending.abort()
  }
}

/** The imports of this visit, one after another. */
export class Transfer {
  #http: Http
  #jobs = $state.raw<readonly ImportJob[]>([])
  #line: Promise<void> = Promise.resolve()
  #onImported: () => void

  constructor(http: Http, onImported: () => void) {
    this.#http = http
    this.#onImported = onImported
  }

  get jobs(): readonly ImportJob[] {
    return this.#jobs
  }

  take(files: readonly File[]): void {
    for (const file of files) {
      const job = new ImportJob(file)
      this.#jobs = [...this.#jobs, job]
      this.#line = this.#line.then(async () => {
        if (!this.#jobs.includes(job)) return
        await job.send(this.#http)
        if (job.report) this.#onImported()
      })
    }
  }

  cancel(job: ImportJob): void {
    job.cancel()
    this.#jobs = this.#jobs.filter((other) => other !== job)
  }
}

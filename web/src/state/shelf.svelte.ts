import { deleteDocument, getDocument } from '../api/documents'
import { cancelDocument, getParts, rereadDocument } from '../api/reading'
import { problemOf, type Http } from '../api/http'
import { listDocuments } from '../api/library'
import type { DocumentFilter } from '../api/library-types'
import type { ChatDocument, ListedDocument, Problem } from '../api/types'

const PAGE_SIZE = 100
/** The most that the server tells at once. */
const MOST_AT_ONCE = 500
const POLL_MS = 1500
const FILTER_DELAY_MS = 250

/** The documents of one base as the table shows them: filtered, page by page, those that are being read kept up to date. */
export class Shelf {
  readonly baseId: string
  #http: Http
  #onChange: () => void
  #documents = $state.raw<readonly ListedDocument[]>([])
  #next = $state<string | null>(null)
  #filter = $state.raw<DocumentFilter>({ status: '', name: '' })
  #isLoaded = $state(false)
  #isLoading = $state(false)
  #problem = $state.raw<Problem | null>(null)
  #actionProblem = $state.raw<Problem | null>(null)
  // What came and went here while an answer was on its way, which does not know of it.
  #taken = new Map<string, ListedDocument>()
  #removed = new Set<string>()
  #turn = 0
  #filterTimer: ReturnType<typeof setTimeout> | undefined

  constructor(http: Http, baseId: string, onChange: () => void) {
    this.#http = http
    this.baseId = baseId
    this.#onChange = onChange
  }

  get documents(): readonly ListedDocument[] {
    return this.#documents
  }
  get filter(): DocumentFilter {
    return this.#filter
  }
  get isFiltered(): boolean {
    return this.#filter.status !== '' || this.#filter.name !== ''
  }
  get hasMore(): boolean {
    return this.#next !== null
  }
  get isLoaded(): boolean {
    return this.#isLoaded
  }
  get isLoading(): boolean {
    return this.#isLoading
  }
  get isReading(): boolean {
    return this.#documents.some((document) => document.status === 'reading')
  }
  get problem(): Problem | null {
    return this.#problem
  }
  /** Why the last act on a document did not work. */
  get actionProblem(): Problem | null {
    return this.#actionProblem
  }

  /** Asks for as many as are shown already, at least one page. */
  async load(): Promise<void> {
    const turn = ++this.#turn
    const shown = Math.min(Math.max(PAGE_SIZE, this.#documents.length), MOST_AT_ONCE)
    this.#isLoading = true
    this.#taken.clear()
    this.#removed.clear()
    try {
      const { documents: told, next } = await listDocuments(this.#http, this.baseId, this.#filter, null, shown)
      if (turn !== this.#turn) return
      const documents = this.#withChanges(told)
      // What was loaded beyond that number stays, unless it has moved up.
      const known = new Set(documents.map((document) => document.id))
      const beyond = next === null ? [] : this.#documents.slice(shown).filter((document) => !known.has(document.id))
      if (beyond.length === 0) this.#next = next
      this.#documents = [...documents, ...beyond]
      this.#problem = null
      this.#isLoaded = true
    } catch (error) {
      if (turn === this.#turn) this.#problem = problemOf(error)
    } finally {
      if (turn === this.#turn) this.#isLoading = false
    }
  }

  async loadMore(): Promise<void> {
    const before = this.#next
    if (before === null || this.#isLoading) return
    const turn = ++this.#turn
    this.#isLoading = true
    try {
      const { documents, next } = await listDocuments(this.#http, this.baseId, this.#filter, before)
      if (turn !== this.#turn) return
      const known = new Set(this.#documents.map((document) => document.id))
      this.#documents = [...this.#documents, ...documents.filter((document) => !known.has(document.id))]
      this.#next = next
    } catch (error) {
      if (turn === this.#turn) this.#actionProblem = problemOf(error)
    } finally {
      if (turn === this.#turn) this.#isLoading = false
    }
  }

  /** Narrows the table down; words are awaited until the reader pauses. */
  narrow(changes: Partial<DocumentFilter>): void {
    this.#filter = { ...this.#filter, ...changes }
    clearTimeout(this.#filterTimer)
    this.#filterTimer = setTimeout(
      () => {
        this.#documents = []
        this.#next = null
        void this.load()
      },
      changes.name === undefined ? 0 : FILTER_DELAY_MS,
    )
  }

  /** Shows a document that has just come, or what has become of one. */
  take(document: ListedDocument): void {
    const isShown = this.#documents.some((other) => other.id === document.id)
    if (isShown) this.#documents = this.#documents.map((other) => (other.id === document.id ? document : other))
    else if (!this.isFiltered) this.#documents = [document, ...this.#documents]
    this.#taken.set(document.id, document)
  }

  async reread(document: ListedDocument): Promise<void> {
    await this.#act(async () => this.take(await rereadDocument(this.#http, document.id)))
  }
  async cancel(document: ListedDocument): Promise<void> {
    await this.#act(async () => this.take(await cancelDocument(this.#http, document.id)))
  }
  /** Returns the problem, or null when it is gone. */
  async remove(document: ListedDocument): Promise<Problem | null> {
    try {
      await deleteDocument(this.#http, document.id)
    } catch (error) {
      return problemOf(error)
    }
    this.#documents = this.#documents.filter((other) => other.id !== document.id)
    this.#removed.add(document.id)
    this.#onChange()
    return null
  }

  /** The whole of a document: its read report page by page. */
  whole(documentId: string): Promise<ChatDocument> {
    return getDocument(this.#http, documentId)
  }
  parts(documentId: string): Promise<ListedDocument[]> {
    return getParts(this.#http, documentId)
  }

  forgetProblem(): void {
    this.#actionProblem = null
  }

  /** Follows what is being read while somebody looks; returns the way to stop. */
  poll(): () => void {
    let wasReading = false
    const timer = setInterval(() => {
      if (document.visibilityState !== 'visible') return
      if (this.isReading) void this.load()
      if (this.isReading || wasReading) this.#onChange()
      wasReading = this.isReading
    }, POLL_MS)
    return () => {
      clearInterval(timer)
      clearTimeout(this.#filterTimer)
    }
  }

  #withChanges(told: readonly ListedDocument[]): ListedDocument[] {
    const ids = new Set(told.map((document) => document.id))
    const come = this.isFiltered ? [] : [...this.#taken.values()].filter((document) => !ids.has(document.id)).reverse()
    return [...come, ...told.map((document) => this.#taken.get(document.id) ?? document)].filter((document) => !this.#removed.has(document.id))
  }

  async #act(act: () => Promise<void>): Promise<void> {
    this.#actionProblem = null
    try {
      await act()
      this.#onChange()
    } catch (error) {
      this.#actionProblem = problemOf(error)
    }
  }
}

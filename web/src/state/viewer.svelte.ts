import { problemOf, type Http } from '../api/http'
import { getBoxes, getDocument, getPage } from '../api/documents'
import type { PageText } from '../api/library-types'
import { getLedger } from '../api/runs'
import type { ChatDocument, Citation, Ledger, PageBoxes, Passage, Problem } from '../api/types'

/** A place in a document; `end` of 0 means no passage, only the document. */
export interface Place {
  documentId: string
  name: string
  page: number | null
  start: number
  end: number
  /** The figure whose description is meant, instead of a passage. */
  figure: number | null
}

/** The document page that is open beside the dialogue, and the ledger of a chosen reply. */
export class Viewer {
  #http: Http
  #place = $state.raw<Place | null>(null)
  #page = $state<number | null>(null)
  #document = $state.raw<ChatDocument | null>(null)
  #content = $state.raw<PageText | null>(null)
  #boxes = $state.raw<PageBoxes | null>(null)
  #problem = $state.raw<Problem | null>(null)
  #ledger = $state.raw<Ledger | null>(null)
  #ledgerRunId = $state<string | null>(null)
  #ledgerProblem = $state.raw<Problem | null>(null)
  #turn = 0

  constructor(http: Http) {
    this.#http = http
  }

  get place(): Place | null {
    return this.#place
  }
  get page(): number | null {
    return this.#page
  }
  get document(): ChatDocument | null {
    return this.#document
  }
  /** The text of the page with its blocks. */
  get content(): PageText | null {
    return this.#content
  }
  /** Whether the document is walked through page by page. */
  get isPaged(): boolean {
    return this.#document?.kind === 'pdf' || (this.#document?.page_count ?? 0) > 1
  }
  /** Whether its pages can be drawn as pictures. */
  get hasPictures(): boolean {
    return this.#document?.kind === 'pdf' || this.#document?.kind === 'image'
  }
  get boxes(): PageBoxes | null {
    return this.#boxes
  }
  get problem(): Problem | null {
    return this.#problem
  }
  get ledger(): Ledger | null {
    return this.#ledger
  }
  get ledgerRunId(): string | null {
    return this.#ledgerRunId
  }
  get ledgerProblem(): Problem | null {
    return this.#ledgerProblem
  }
  get isOnPassage(): boolean {
    return this.#place !== null && this.#place.figure === null && this.#place.end > this.#place.start && this.#page === this.#place.page
  }

  async open(place: Place): Promise<void> {
    this.#place = place
    this.#document = null
    await this.turnTo(place.page)
  }

  /** Opens a document where a source of a reply stands in it. */
  async openSource(source: Citation | Passage): Promise<void> {
    const { document_id, document, page, start, end, figure = null } = source
    await this.open({ documentId: document_id, name: document, page, start, end, figure })
  }

  /** Opens a document at its beginning. */
  async openDocument(document: ChatDocument): Promise<void> {
    await this.open({ documentId: document.id, name: document.name, page: document.pages[0]?.page ?? (document.kind === 'pdf' ? 1 : null), start: 0, end: 0, figure: null })
  }

  close(): void {
    this.#place = null
    this.#turn++
  }

  async turnTo(page: number | null): Promise<void> {
    const place = this.#place
    if (!place) return
    const turn = ++this.#turn
    this.#page = page
    this.#content = null
    this.#boxes = null
    this.#problem = null
    try {
      const document = this.#document ?? (await getDocument(this.#http, place.documentId))
      if (turn !== this.#turn) return
      this.#document = document
      if (document.kind === 'pdf' && page === null) this.#page = 1
      const shown = this.#page
      const marks = this.hasPictures && this.isOnPassage
      const [content, boxes] = await Promise.all([
        getPage(this.#http, document.id, shown),
        marks ? getBoxes(this.#http, document.id, shown, place.start, place.end).catch(() => null) : null,
      ])
      if (turn !== this.#turn) return
      this.#content = content
      this.#boxes = boxes
    } catch (error) {
      if (turn === this.#turn) this.#problem = problemOf(error)
    }
  }

  async showLedger(runId: string): Promise<void> {
    if (this.#ledgerRunId !== runId) this.#ledger = null
    this.#ledgerRunId = runId
    this.#ledgerProblem = null
    try {
      const ledger = await getLedger(this.#http, runId)
      if (this.#ledgerRunId === runId) this.#ledger = ledger
    } catch (error) {
      if (this.#ledgerRunId === runId) this.#ledgerProblem = problemOf(error)
    }
  }
}

import { problemOf, type Http } from '../api/http'
import { getBoxes, getDocument, getPageText } from '../api/documents'
import { getLedger } from '../api/runs'
import type { ChatDocument, Citation, Ledger, PageBoxes, Passage, Problem } from '../api/types'

/** A place in a document; `end` of 0 means no passage, only the document. */
export interface Place {
  documentId: string
  name: string
  page: number | null
  start: number
  end: number
}

/** The document page that is open beside the dialogue, and the ledger of a chosen reply. */
export class Viewer {
  #http: Http
  #place = $state.raw<Place | null>(null)
  #page = $state<number | null>(null)
  #document = $state.raw<ChatDocument | null>(null)
  #text = $state.raw<string | null>(null)
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
  get text(): string | null {
    return this.#text
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
    return this.#place !== null && this.#place.end > this.#place.start && this.#page === this.#place.page
  }

  async open(place: Place): Promise<void> {
    this.#place = place
    this.#document = null
    await this.turnTo(place.page)
  }

  /** Opens a document where a source of a reply stands in it. */
  async openSource(source: Citation | Passage): Promise<void> {
    const { document_id, document, page, start, end } = source
    await this.open({ documentId: document_id, name: document, page, start, end })
  }

  /** Opens a document at its beginning. */
  async openDocument(document: ChatDocument): Promise<void> {
    await this.open({ documentId: document.id, name: document.name, page: document.kind === 'pdf' ? 1 : null, start: 0, end: 0 })
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
    this.#text = null
    this.#boxes = null
    this.#problem = null
    try {
      const document = this.#document ?? (await getDocument(this.#http, place.documentId))
      if (turn !== this.#turn) return
      this.#document = document
      if (document.kind === 'pdf' && page === null) this.#page = 1
      if (document.kind === 'image') return
      const shown = this.#page
      const marks = document.kind === 'pdf' && shown !== null && shown === place.page && place.end > place.start
      const [text, boxes] = await Promise.all([
        getPageText(this.#http, document.id, shown),
        marks ? getBoxes(this.#http, document.id, shown, place.start, place.end) : null,
      ])
      if (turn !== this.#turn) return
      this.#text = text
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

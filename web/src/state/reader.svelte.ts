import { SvelteMap } from 'svelte/reactivity'
import { getDocument, getPage } from '../api/documents'
import { describeFigure, findEntities, findInDocument, getEntities, getParts, getWords } from '../api/reading'
import { problemOf, type Http } from '../api/http'
import type { Entity, FoundPlace, PageText, PageWords, Span } from '../api/library-types'
import type { ChatDocument, DocumentPage, Figure, ListedDocument, Problem } from '../api/types'
import type { Spot } from '../lib/address'

const POLL_MS = 1500
const FIND_DELAY_MS = 250
const MOST_FOUND = 500
/** Pages whose text and words are remembered; older ones are asked for again. */
const MOST_KEPT = 60

/** What is known of the inside of one page. */
export interface PageContent {
  text: PageText | null
  /** Null for a page without a picture. */
  words: PageWords | null
  problem: Problem | null
}
/** A marked stretch of a page. */
export interface Mark extends Span {
  isCurrent: boolean
  isFound: boolean
}
/** Where the view is to go; a new one each time, also to the same place. */
export interface Target {
  page: number | null
  span: Span | null
}

export const figureKey = (figure: Pick<Figure, 'page' | 'number'>): string => `${figure.page ?? ''}:${figure.number}`

/** One document that is being looked at: its pages as they are needed, what is searched in it, its pictures. */
export class Reader {
  readonly documentId: string
  readonly spot: Spot
  #http: Http
  #document = $state.raw<ChatDocument | null>(null)
  #problem = $state.raw<Problem | null>(null)
  #contents = new SvelteMap<number | null, PageContent>()
  #asked = new Set<number | null>()
  #page = $state<number | null>(null)
  #target = $state.raw<Target | null>(null)
  #query = $state('')
  #found = $state.raw<readonly FoundPlace[]>([])
  #hasMore = $state(false)
  #isFinding = $state(false)
  #findProblem = $state.raw<Problem | null>(null)
  #current = $state(-1)
  #findTimer: ReturnType<typeof setTimeout> | undefined
  #findTurn = 0
  #parts = $state.raw<readonly ListedDocument[]>([])
  #entities = new SvelteMap<string, readonly Entity[] | 'asking'>()
  #figureProblem = $state.raw<Problem | null>(null)

  constructor(http: Http, documentId: string, spot: Spot) {
    this.#http = http
    this.documentId = documentId
    this.spot = spot
  }

  get document(): ChatDocument | null {
    return this.#document
  }
  get problem(): Problem | null {
    return this.#problem
  }
  /** Whether its pages can be drawn as pictures. */
  get hasPictures(): boolean {
    return this.#document?.kind === 'pdf' || this.#document?.kind === 'image'
  }
  /** The page that is looked at; null in a document without pages. */
  get page(): number | null {
    return this.#page
  }
  get target(): Target | null {
    return this.#target
  }
  get query(): string {
    return this.#query
  }
  get found(): readonly FoundPlace[] {
    return this.#found
  }
  get hasMore(): boolean {
    return this.#hasMore
  }
  get isFinding(): boolean {
    return this.#isFinding
  }
  get findProblem(): Problem | null {
    return this.#findProblem
  }
  /** Which of the places found is shown, from 0; -1 for none. */
  get current(): number {
    return this.#current
  }
  get parts(): readonly ListedDocument[] {
    return this.#parts
  }
  get figureProblem(): Problem | null {
    return this.#figureProblem
  }

  /** Every page by its number; null stands for a document without pages. */
  get pageNumbers(): (number | null)[] {
    const document = this.#document
    if (!document) return []
    if (document.page_count > 1 || document.kind === 'pdf') return Array.from({ length: document.page_count }, (_, index) => index + 1)
    return [document.pages[0]?.page ?? null]
  }
  pageOf(number: number | null): DocumentPage | null {
    return this.#document?.pages.find((page) => page.page === number) ?? null
  }
  figuresOf(page: number | null): Figure[] {
    return this.#document?.figures.filter((figure) => figure.page === page) ?? []
  }
  contentOf(page: number | null): PageContent | null {
    return this.#contents.get(page) ?? null
  }
  entitiesOf(figure: Figure): readonly Entity[] | 'asking' | null {
    return this.#entities.get(figureKey(figure)) ?? null
  }

  /** What is marked on a page: the cited passage, and what was searched for. */
  marksOf(page: number | null): Mark[] {
    const marks: Mark[] = this.#found.flatMap((place, index) => (place.page === page ? [{ start: place.start, end: place.end, isCurrent: index === this.#current, isFound: true }] : []))
    const { spot } = this
    if (spot.figure === null && spot.end > spot.start && spot.page === page) marks.push({ start: spot.start, end: spot.end, isCurrent: false, isFound: false })
    return marks
  }

  async load(): Promise<void> {
    try {
      const before = this.#document
      const document = await getDocument(this.#http, this.documentId)
      this.#document = document
      this.#problem = null
      if (before?.status === 'reading' || document.status === 'reading') this.#forgetUnread(document)
      if (!before) {
        const first = this.pageNumbers[0] ?? null
        const page = this.spot.page !== null && this.pageNumbers.includes(this.spot.page) ? this.spot.page : first
        this.#page = page
        if (page !== first || this.spot.end > this.spot.start) this.#target = { page, span: this.spot.figure === null && this.spot.end > this.spot.start ? this.spot : null }
        if (document.kind === 'archive' || document.kind === 'eml') this.#parts = await getParts(this.#http, this.documentId)
      }
    } catch (error) {
      this.#problem = problemOf(error)
    }
  }

  /** Asks for the inside of a page unless it is known. */
  async want(page: number | null): Promise<void> {
    if (this.#asked.has(page) || !this.#document) return
    this.#asked.add(page)
    try {
      const [text, words] = await Promise.all([
        getPage(this.#http, this.documentId, page),
        // A page without places is selected as text.
        this.hasPictures ? getWords(this.#http, this.documentId, page).catch(() => null) : null,
      ])
      this.#contents.set(page, { text, words, problem: null })
    } catch (error) {
      this.#contents.set(page, { text: null, words: null, problem: problemOf(error) })
    }
    this.#forgetFar()
  }

  /** The view tells which page it shows. */
  see(page: number | null): void {
    this.#page = page
  }
  goTo(page: number | null, span: Span | null = null): void {
    if (!this.pageNumbers.includes(page)) return
    this.#page = page
    this.#target = { page, span }
  }
  turn(by: number): void {
    if (this.#page !== null) this.goTo(this.#page + by)
  }

  /** Searches while it is being written. */
  search(query: string): void {
    this.#query = query
    clearTimeout(this.#findTimer)
    const turn = ++this.#findTurn
    const words = query.trim()
    if (words === '') {
      this.#found = []
      this.#current = -1
      this.#hasMore = false
      this.#isFinding = false
      this.#findProblem = null
      return
    }
    this.#isFinding = true
    this.#findTimer = setTimeout(() => void this.#find(words, turn), FIND_DELAY_MS)
  }
  step(by: number): void {
    const count = this.#found.length
    if (count === 0) return
    this.#show((this.#current + by + count) % count)
  }

  async describe(figure: Figure): Promise<void> {
    await this.#look(async () => this.#takeFigure(await describeFigure(this.#http, this.documentId, figure)))
  }
  async loadEntities(figure: Figure): Promise<void> {
    if (this.#entities.has(figureKey(figure))) return
    await this.#ask(figure, () => getEntities(this.#http, this.documentId, figure))
  }
  async lookForEntities(figure: Figure): Promise<void> {
    await this.#ask(figure, () => findEntities(this.#http, this.documentId, figure))
  }

  /** Follows the reading and the describing while somebody looks; returns the way to stop. */
  poll(): () => void {
    const timer = setInterval(() => {
      const isMoving = this.#document?.status === 'reading' || this.#document?.figures.some((figure) => figure.status === 'waiting')
      if (document.visibilityState === 'visible' && isMoving) void this.load()
    }, POLL_MS)
    return () => {
      clearInterval(timer)
      clearTimeout(this.#findTimer)
    }
  }

  async #find(words: string, turn: number): Promise<void> {
    try {
      const { found, more } = await findInDocument(this.#http, this.documentId, words, MOST_FOUND)
      if (turn !== this.#findTurn) return
      this.#found = found
      this.#hasMore = more
      this.#findProblem = null
      this.#current = -1
      const here = this.#page ?? 0
      const first = found.findIndex((place) => (place.page ?? 0) >= here)
      if (found.length > 0) this.#show(Math.max(first, 0))
    } catch (error) {
      if (turn !== this.#findTurn) return
      this.#found = []
      this.#findProblem = problemOf(error)
    } finally {
      if (turn === this.#findTurn) this.#isFinding = false
    }
  }

  #show(index: number): void {
    const place = this.#found[index]
    if (!place) return
    this.#current = index
    this.goTo(place.page, place)
  }

  async #ask(figure: Figure, ask: () => Promise<Entity[]>): Promise<void> {
    const key = figureKey(figure)
    const before = this.#entities.get(key)
    this.#entities.set(key, 'asking')
    await this.#look(async () => void this.#entities.set(key, await ask()))
    if (this.#entities.get(key) === 'asking') {
      if (before) this.#entities.set(key, before)
      else this.#entities.delete(key)
    }
  }

  async #look(look: () => Promise<void>): Promise<void> {
    this.#figureProblem = null
    try {
      await look()
    } catch (error) {
      this.#figureProblem = problemOf(error)
    }
  }

  #takeFigure(figure: Figure): void {
    const document = this.#document
    if (document) this.#document = { ...document, figures: document.figures.map((other) => (figureKey(other) === figureKey(figure) ? figure : other)) }
  }

  /** Pages that were not read when they were asked for are asked for again. */
  #forgetUnread(document: ChatDocument): void {
    for (const [page, content] of this.#contents) {
      const status = document.pages.find((other) => other.page === page)?.status
      if (content.problem || status === 'waiting' || status === undefined || (content.text?.text === '' && status !== 'no_text')) this.#forget(page)
    }
  }
  #forgetFar(): void {
    if (this.#contents.size <= MOST_KEPT) return
    const here = this.#page ?? 0
    const byDistance = [...this.#contents.keys()].sort((one, other) => Math.abs((other ?? 0) - here) - Math.abs((one ?? 0) - here))
    for (const page of byDistance.slice(0, this.#contents.size - MOST_KEPT)) this.#forget(page)
  }
  #forget(page: number | null): void {
    this.#contents.delete(page)
    this.#asked.delete(page)
  }
}

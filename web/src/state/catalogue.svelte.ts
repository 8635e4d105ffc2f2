import { problemOf, type Http } from '../api/http'
import type { CatalogueList, CatalogueModel, Fit, FitQuestion, Machine } from '../api/model-types'
import type { Problem } from '../api/types'
import { estimateFit, getCatalogue, getMachine, type CatalogueFilter } from '../api/weights'

const EVERYTHING: CatalogueFilter = { licence: '', language: '', vision: false, fits: false }

/** The models that can be got, narrowed down, and the machine that they should fit. */
export class Catalogue {
  #http: Http
  #filter = $state.raw<CatalogueFilter>(EVERYTHING)
  #list = $state.raw<CatalogueList | null>(null)
  #machine = $state.raw<Machine | null>(null)
  #problem = $state.raw<Problem | null>(null)
  #turn = 0

  constructor(http: Http) {
    this.#http = http
  }

  get filter(): CatalogueFilter {
    return this.#filter
  }
  get isNarrowed(): boolean {
    const { licence, language, vision, fits } = this.#filter
    return licence !== '' || language !== '' || vision || fits
  }
  get models(): readonly CatalogueModel[] {
    return this.#list?.models ?? []
  }
  get licences(): readonly string[] {
    return this.#list?.licences ?? []
  }
  get languages(): readonly string[] {
    return this.#list?.languages ?? []
  }
  get isLoaded(): boolean {
    return this.#list !== null
  }
  get machine(): Machine | null {
    return this.#machine
  }
  get problem(): Problem | null {
    return this.#problem
  }

  async load(): Promise<void> {
    const turn = ++this.#turn
    try {
      const [list, machine] = await Promise.all([getCatalogue(this.#http, this.#filter), this.#machine ?? getMachine(this.#http)])
      // An earlier question may be answered later.
      if (turn !== this.#turn) return
      this.#list = list
      this.#machine = machine
      this.#problem = null
    } catch (error) {
      if (turn === this.#turn) this.#problem = problemOf(error)
    }
  }

  async narrow(changes: Partial<CatalogueFilter>): Promise<void> {
    this.#filter = { ...this.#filter, ...changes }
    await this.load()
  }
  async widen(): Promise<void> {
    this.#filter = EVERYTHING
    await this.load()
  }

  /** What a model would need; the problem where its facts do not suffice. */
  async estimate(question: FitQuestion): Promise<Fit | Problem> {
    try {
      return await estimateFit(this.#http, question)
    } catch (error) {
      return problemOf(error)
    }
  }
}

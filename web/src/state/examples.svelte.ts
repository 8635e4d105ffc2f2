import { listExampleSets } from '../api/context'
import type { ExampleSetOutline } from '../api/conversation-types'
import { deleteExamples, getCost, getExamples, uploadExamples, type ExampleSet, type TakenSet } from '../api/examples'
import { problemOf, type Http } from '../api/http'
import type { Problem } from '../api/types'

/** What a set costs of the context. Unit: tokens. */
export interface Cost {
  tokens: number
  /** Whether the tokenizer of the model itself counted. */
  isExact: boolean
}

/** The example sets, and the one that is looked into. */
export class ExampleSets {
  #http: Http
  #list = $state.raw<readonly ExampleSetOutline[]>([])
  #isLoaded = $state(false)
  #problem = $state.raw<Problem | null>(null)
  #sending = $state<string | null>(null)
  #taken = $state.raw<TakenSet | null>(null)
  #shown = $state.raw<ExampleSet | null>(null)
  #costs = $state.raw<Readonly<Record<string, Cost>>>({})
  #turn = 0

  constructor(http: Http) {
    this.#http = http
  }

  get list(): readonly ExampleSetOutline[] {
    return this.#list
  }
  get isLoaded(): boolean {
    return this.#isLoaded
  }
  get problem(): Problem | null {
    return this.#problem
  }
  /** The name of the file on its way. */
  get sending(): string | null {
    return this.#sending
  }
  /** The set that was added last, with what of its file was not understood. */
  get taken(): TakenSet | null {
    return this.#taken
  }
  get shown(): ExampleSet | null {
    return this.#shown
  }
  costOf(setId: string): Cost | null {
    return this.#costs[setId] ?? null
  }

  async load(): Promise<void> {
    await this.#act(async () => {
      this.#list = await listExampleSets(this.#http)
      this.#isLoaded = true
    })
  }

  async add(file: File): Promise<void> {
    this.#sending = file.name
    this.#taken = null
    await this.#act(async () => {
      this.#taken = await uploadExamples(this.#http, file, () => undefined, new AbortController().signal)
      this.#list = await listExampleSets(this.#http)
    })
    this.#sending = null
  }
  closeReport(): void {
    this.#taken = null
  }

  /** Counts what every set costs for a model; null is the one that a new chat would have. A set that cannot be counted has no cost. */
  async count(model: string | null): Promise<void> {
    const turn = ++this.#turn
    this.#costs = {}
    for (const { id } of this.#list) {
      const cost = await getCost(this.#http, id, model).catch(() => null)
      if (turn !== this.#turn) return
      if (cost) this.#costs = { ...this.#costs, [id]: { tokens: cost.tokens, isExact: cost.counted_by === 'tokenizer' } }
    }
  }

  async show(setId: string | null): Promise<void> {
    this.#shown = null
    if (setId !== null) await this.#act(async () => void (this.#shown = await getExamples(this.#http, setId)))
  }

  async remove(setId: string): Promise<Problem | null> {
    try {
      await deleteExamples(this.#http, setId)
    } catch (error) {
      return problemOf(error)
    }
    this.#list = this.#list.filter((other) => other.id !== setId)
    if (this.#shown?.id === setId) this.#shown = null
    return null
  }

  async #act(act: () => Promise<void>): Promise<void> {
    this.#problem = null
    try {
      await act()
    } catch (error) {
      this.#problem = problemOf(error)
    }
  }
}

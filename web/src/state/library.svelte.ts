import { problemOf, type Http } from '../api/http'
import { changeBase, createBase, listBases, removeBase } from '../api/library'
import type { Base, BaseFields } from '../api/library-types'
import type { Problem } from '../api/types'
import { Shelf } from './shelf.svelte'
import { Uploads } from './uploads.svelte'

/** The knowledge bases, and the files on their way into them. */
export class Library {
  readonly uploads: Uploads
  #http: Http
  #bases = $state.raw<readonly Base[]>([])
  #isLoaded = $state(false)
  #turn = 0
  /** The number of the newest answer that was used. */
  #taken = 0
  #changes = 0
  #problem = $state.raw<Problem | null>(null)
  #shelf = $state.raw<Shelf | null>(null)

  constructor(http: Http) {
    this.#http = http
    this.uploads = new Uploads(http, (baseId, taken) => {
      if (this.#shelf?.baseId === baseId) this.#shelf.take(taken.document)
      void this.load()
    })
  }

  get bases(): readonly Base[] {
    return this.#bases
  }
  get isLoaded(): boolean {
    return this.#isLoaded
  }
  get problem(): Problem | null {
    return this.#problem
  }
  /** The documents of the base that is open. */
  get shelf(): Shelf | null {
    return this.#shelf
  }

  baseOf(baseId: string | null): Base | null {
    return this.#bases.find((base) => base.id === baseId) ?? null
  }

  async load(): Promise<void> {
    const turn = ++this.#turn
    const changes = this.#changes
    try {
      const bases = await listBases(this.#http)
      if (turn < this.#taken) return
      this.#taken = turn
      // An answer that was on its way does not know what has changed since, and would take it back.
      if (changes !== this.#changes) return await this.load()
      this.#bases = bases
      this.#isLoaded = true
      this.#problem = null
    } catch (error) {
      this.#problem = problemOf(error)
    }
  }

  /** Opens the table of a base; returns it. */
  open(baseId: string): Shelf {
    if (this.#shelf?.baseId !== baseId) this.#shelf = new Shelf(this.#http, baseId, () => void this.load())
    void this.#shelf.load()
    return this.#shelf
  }

  /** Returns the base that was made, or why none was. */
  async add(fields: BaseFields): Promise<Base | Problem> {
    try {
      const base = await createBase(this.#http, fields)
      this.#bases = [...this.#bases, base]
      this.#changes++
      return base
    } catch (error) {
      return problemOf(error)
    }
  }

  async change(base: Base, changes: BaseFields): Promise<Problem | null> {
    try {
      const changed = await changeBase(this.#http, base.id, changes)
      this.#bases = this.#bases.map((other) => (other.id === changed.id ? changed : other))
      this.#changes++
      return null
    } catch (error) {
      return problemOf(error)
    }
  }

  async remove(base: Base): Promise<Problem | null> {
    this.uploads.cancelAll(base.id)
    try {
      await removeBase(this.#http, base.id)
    } catch (error) {
      return problemOf(error)
    }
    this.uploads.clear(base.id, true)
    this.#bases = this.#bases.filter((other) => other.id !== base.id)
    if (this.#shelf?.baseId === base.id) this.#shelf = null
    this.#changes++
    return null
  }
}

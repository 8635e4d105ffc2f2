import { SvelteMap } from 'svelte/reactivity'
import { addBackend, changeBackend, listBackends, probeBackends, probeVision, removeBackend } from '../api/backends'
import { problemOf, type Http } from '../api/http'
import type { Backend, BackendChanges, BackendKind, BackendList, NewBackend, VisionOutcome } from '../api/model-types'
import type { Problem } from '../api/types'

const POLL_MS = 5000

/** A try with pictures: under way, over, or not possible. */
export type VisionTry = { state: 'asking' } | { state: 'told'; outcome: VisionOutcome['outcome'] } | { state: 'failed'; problem: Problem }

/** The model servers that are known, and what can be done about them. */
export class Servers {
  #http: Http
  #onChange: () => void
  #list = $state.raw<readonly Backend[]>([])
  #kinds = $state.raw<readonly BackendKind[]>([])
  #isLoaded = $state(false)
  #isProbing = $state(false)
  #problem = $state.raw<Problem | null>(null)
  #visionTries = new SvelteMap<string, VisionTry>()

  /** `onChange` is told after every change that others show too. */
  constructor(http: Http, onChange: () => void) {
    this.#http = http
    this.#onChange = onChange
  }

  get list(): readonly Backend[] {
    return this.#list
  }
  /** The kinds that can be added by hand. */
  get kinds(): readonly BackendKind[] {
    return this.#kinds
  }
  get isLoaded(): boolean {
    return this.#isLoaded
  }
  get isProbing(): boolean {
    return this.#isProbing
  }
  get problem(): Problem | null {
    return this.#problem
  }
  visionTryOf(name: string, model: string): VisionTry | null {
    return this.#visionTries.get(keyOf(name, model)) ?? null
  }

  async load(): Promise<void> {
    try {
      this.#take(await listBackends(this.#http))
    } catch (error) {
      this.#problem = problemOf(error)
    }
  }

  /** Asks every server anew and looks at the usual ports. */
  async probe(): Promise<void> {
    if (this.#isProbing) return
    this.#isProbing = true
    try {
      this.#take(await probeBackends(this.#http))
      this.#onChange()
    } catch (error) {
      this.#problem = problemOf(error)
    } finally {
      this.#isProbing = false
    }
  }

  async add(fields: NewBackend): Promise<Problem | null> {
    return this.#act(async () => {
      await addBackend(this.#http, fields)
    })
  }

  async change(name: string, changes: BackendChanges): Promise<Problem | null> {
    return this.#act(async () => {
      await changeBackend(this.#http, name, changes)
    })
  }

  async remove(name: string): Promise<Problem | null> {
    return this.#act(() => removeBackend(this.#http, name))
  }

  /** Shows test pictures to a model; `mayLoad` lets the server load it, which may push another one out. */
  async tryVision(name: string, model: string, mayLoad: boolean): Promise<void> {
    const key = keyOf(name, model)
    if (this.#visionTries.get(key)?.state === 'asking') return
    this.#visionTries.set(key, { state: 'asking' })
    try {
      const { outcome, backend } = await probeVision(this.#http, name, model, mayLoad)
      this.#visionTries.set(key, { state: 'told', outcome })
      this.#list = this.#list.map((other) => (other.name === backend.name ? backend : other))
      this.#onChange()
    } catch (error) {
      this.#visionTries.set(key, { state: 'failed', problem: problemOf(error) })
    }
  }

  /** Keeps the list fresh while somebody looks; returns the way to stop. */
  poll(): () => void {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible' && !this.#isProbing) void this.load()
    }, POLL_MS)
    return () => clearInterval(timer)
  }

  #take(list: BackendList): void {
    this.#list = list.backends
    this.#kinds = list.kinds
    this.#isLoaded = true
    this.#problem = null
  }

  async #act(act: () => Promise<void>): Promise<Problem | null> {
    try {
      await act()
    } catch (error) {
      return problemOf(error)
    }
    this.#onChange()
    await this.load()
    return null
  }
}

const keyOf = (name: string, model: string): string => `${name}\n${model}`

import { problemOf, type Http } from '../api/http'
import { getModels, getParameters, getPresets, getSystem } from '../api/system'
import type { Model, ModelList, ParameterRanges, Preset, SystemState } from '../api/types'

const POLL_MS = 5000

/** What people call a model: a route by its own name, which stands for several models. */
export const nameOf = (model: Model): string => (model.route ? model.id : model.model)

/** The state of the machine and of the models, asked for only while somebody looks. */
export class System {
  #http: Http
  #state = $state.raw<SystemState | null>(null)
  #list = $state.raw<ModelList | null>(null)
  #ranges = $state.raw<ParameterRanges>({})
  #presets = $state.raw<readonly Preset[]>([])
  #problemCode = $state<string | null>(null)

  constructor(http: Http) {
    this.#http = http
  }

  get state(): SystemState | null {
    return this.#state
  }
  get models(): readonly Model[] {
    return this.#list?.models ?? []
  }
  /** The models that answer in words; those that only make vectors are left out. */
  get answering(): readonly Model[] {
    return this.models.filter((model) => model.embeddings !== true)
  }
  get modelProblems(): ModelList['problems'] {
    return this.#list?.problems ?? []
  }
  get hasModels(): boolean {
    return this.#list !== null
  }
  get ranges(): ParameterRanges {
    return this.#ranges
  }
  get presets(): readonly Preset[] {
    return this.#presets
  }
  get problemCode(): string | null {
    return this.#problemCode
  }

  /** The model that a chat uses: the one it names, or the default of the installation. */
  modelOf(modelId: string | null): Model | null {
    const wanted = modelId ?? this.#list?.default ?? null
    return this.models.find((model) => model.id === wanted) ?? null
  }

  /** The short name of a model, also of one that is not offered any more. */
  nameOf(modelId: string | null): string {
    if (modelId === null) return ''
    const model = this.models.find((other) => other.id === modelId)
    return model ? nameOf(model) : modelId
  }

  async load(): Promise<void> {
    await Promise.all([this.refresh(), this.refreshModels(), this.#loadRanges(), this.#loadPresets()])
  }

  async refresh(): Promise<void> {
    try {
      const before = this.#state
      this.#state = await getSystem(this.#http)
      this.#problemCode = null
      // The list tells which models are ready, so it changes with the engine and with the servers.
      const isChanged = before?.engine.state !== this.#state.engine.state || before.backends_revision !== this.#state.backends_revision
      if (before && isChanged) await this.refreshModels()
      else if (this.models.some((model) => model.state === 'loading')) await this.refreshModels()
    } catch (error) {
      this.#problemCode = problemOf(error).code
    }
  }

  async refreshModels(): Promise<void> {
    try {
      this.#list = await getModels(this.#http)
    } catch (error) {
      this.#problemCode = problemOf(error).code
    }
  }

  /** Polls while the page is visible; returns the way to stop. */
  poll(): () => void {
    const tick = (): void => {
      if (document.visibilityState === 'visible') void this.refresh()
    }
    const timer = setInterval(tick, POLL_MS)
    document.addEventListener('visibilitychange', tick)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', tick)
    }
  }

  async #loadRanges(): Promise<void> {
    try {
      this.#ranges = await getParameters(this.#http)
    } catch (error) {
      this.#problemCode = problemOf(error).code
    }
  }

  async #loadPresets(): Promise<void> {
    try {
      this.#presets = await getPresets(this.#http)
    } catch (error) {
      this.#problemCode = problemOf(error).code
    }
  }
}

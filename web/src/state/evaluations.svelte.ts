import { cancelEvaluation, getAnswers, getEvaluation, listEvaluations, removeEvaluation, startEvaluation } from '../api/evaluations'
import type { AskedQuestion, Evaluation, QuestionAnswers, SearchSetting } from '../api/evaluation-types'
import { problemOf, type Http } from '../api/http'
import type { Problem } from '../api/types'

const POLL_MS = 1000

export const isUnderway = (evaluation: Evaluation): boolean => evaluation.status === 'waiting' || evaluation.status === 'running'

/** The question sets that were asked of one base, and the one that is looked at. */
export class Evaluations {
  readonly baseId: string
  #http: Http
  #list = $state.raw<readonly Evaluation[]>([])
  #isLoaded = $state(false)
  #shown = $state.raw<Evaluation | null>(null)
  #problem = $state.raw<Problem | null>(null)
  #isBusy = $state(false)
  #turn = 0

  constructor(http: Http, baseId: string) {
    this.#http = http
    this.baseId = baseId
  }

  get list(): readonly Evaluation[] {
    return this.#list
  }
  get isLoaded(): boolean {
    return this.#isLoaded
  }
  /** The evaluation that is looked at, with its questions. */
  get shown(): Evaluation | null {
    return this.#shown
  }
  get problem(): Problem | null {
    return this.#problem
  }
  /** Whether something was asked of the server that it has not answered yet. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  async load(): Promise<void> {
    await this.#act(async () => {
      this.#list = await listEvaluations(this.#http, this.baseId)
      this.#isLoaded = true
      const [newest] = this.#list
      if (!this.#shown && newest && isUnderway(newest)) await this.open(newest.id)
    })
  }

  async start(name: string, questions: readonly AskedQuestion[], settings: readonly SearchSetting[]): Promise<boolean> {
    return this.#act(async () => {
      this.#turn++
      this.#take(await startEvaluation(this.#http, this.baseId, name, questions, settings))
    })
  }

  async open(id: string): Promise<void> {
    const turn = ++this.#turn
    await this.#act(async () => {
      const evaluation = await getEvaluation(this.#http, id)
      if (turn === this.#turn) this.#take(evaluation)
    })
  }

  async cancel(evaluation: Evaluation): Promise<void> {
    await this.#act(async () => {
      await cancelEvaluation(this.#http, evaluation.id)
      await this.#refresh(evaluation.id)
    })
  }

  async remove(evaluation: Evaluation): Promise<void> {
    await this.#act(async () => {
      await removeEvaluation(this.#http, evaluation.id)
      this.#list = this.#list.filter((other) => other.id !== evaluation.id)
      if (this.#shown?.id === evaluation.id) this.#shown = null
    })
  }

  /** What was found for a question, and why. Raises: ApiError. */
  answers(evaluation: Evaluation, n: number): Promise<QuestionAnswers> {
    return getAnswers(this.#http, evaluation.id, n)
  }

  /** Asks again each second while the one that is looked at has not ended; returns the way to stop. */
  follow(id: string): () => void {
    const timer = setInterval(() => void this.#refresh(id).catch(() => undefined), POLL_MS)
    return () => clearInterval(timer)
  }

  async #refresh(id: string): Promise<void> {
    const turn = this.#turn
    const evaluation = await getEvaluation(this.#http, id)
    if (turn === this.#turn) this.#take(evaluation)
  }

  #take(evaluation: Evaluation): void {
    this.#shown = evaluation
    const isKnown = this.#list.some((other) => other.id === evaluation.id)
    this.#list = isKnown ? this.#list.map((other) => (other.id === evaluation.id ? evaluation : other)) : [evaluation, ...this.#list]
  }

  async #act(act: () => Promise<void>): Promise<boolean> {
    this.#isBusy = true
    this.#problem = null
    try {
      await act()
      return true
    } catch (error) {
      this.#problem = problemOf(error)
      return false
    } finally {
      this.#isBusy = false
    }
  }
}

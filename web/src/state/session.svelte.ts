import { ApiError, problemOf, type Http } from '../api/http'
import { getSession, signIn, signOut } from '../api/system'
import type { Problem, Session as SessionFields } from '../api/types'

/** Who is signed in, and the way in and out. */
export class Session {
  #http: Http
  #fields = $state.raw<SessionFields | null>(null)
  #state = $state<'asking' | 'in' | 'out'>('asking')
  #problem = $state.raw<Problem | null>(null)

  constructor(http: Http) {
    this.#http = http
  }

  get state(): 'asking' | 'in' | 'out' {
    return this.#state
  }
  get name(): string {
    return this.#fields?.user.name ?? ''
  }
  get version(): string {
    return this.#fields?.version ?? ''
  }
  get problem(): Problem | null {
    return this.#problem
  }

  /** Uses the token of a sign-in link when there is one, then asks who is signed in. */
  async begin(token: string | null): Promise<void> {
    this.#problem = null
    if (token) {
      try {
        await signIn(this.#http, token)
      } catch (error) {
        this.#problem = problemOf(error)
      }
    }
    try {
      this.#fields = await getSession(this.#http)
      this.#state = 'in'
      this.#problem = null
    } catch (error) {
      this.#state = 'out'
      if (!(error instanceof ApiError && error.status === 401)) this.#problem = problemOf(error)
    }
  }

  lose(): void {
    this.#state = 'out'
    this.#fields = null
  }

  async leave(): Promise<void> {
    await signOut(this.#http)
    this.#problem = null
    this.lose()
  }
}

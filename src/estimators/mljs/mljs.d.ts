/** The parts of the untyped ml-* packages that the adapters use. */
declare module 'ml-cart' {
  import type { Matrix } from 'ml-matrix'

  export interface CartNode {
    readonly splitColumn?: number
    readonly splitValue?: number
    /** A row vector of class shares; present at leaves. */
    readonly distribution?: Matrix
    readonly left?: CartNode
    readonly right?: CartNode
  }

  export interface CartOptions {
    gainFunction?: 'gini'
    minNumSamples?: number
    maxDepth?: number
    gainThreshold?: number
  }

  export class DecisionTreeClassifier {
    constructor(options: CartOptions)
    readonly root: CartNode
    train(X: Matrix, y: number[]): void
    predict(X: Matrix): number[]
  }
}

declare module 'ml-logistic-regression' {
  import type { Matrix } from 'ml-matrix'

  export default class LogisticRegression {
    constructor(options: { numSteps: number; learningRate: number })
    /** One per class, each with a row vector of weights for "not this class". */
    readonly classifiers: readonly { readonly weights: Matrix }[]
    train(X: Matrix, y: Matrix): void
    predict(X: Matrix): number[]
  }
}

// What the chain, a protocol or the machine refused to do: told in one sentence, without a stack.
export class Refused extends Error {}

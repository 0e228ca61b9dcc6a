// A request that the chain or a protocol refused: the caller's fault, told in one sentence.
export class Refused extends Error {}

package io.fairlead.dns;

import io.fairlead.limit.RateLimiter;
import org.jspecify.annotations.Nullable;

/** What one thread needs to answer, used again for each question. */
final class Worker {
  final int index;
  final byte[] in;
  final Answer answer;
  final Query query = new Query();
  final Peer peer = new Peer();
  final int[] chosen = new int[32];
  final byte[] scratch = new byte[64];
  final Chance chance;
  final RateLimiter.Verdict verdict = new RateLimiter.Verdict();

  /** Answers that were too much, to let one of so many slip. */
  int slipped;

  /** Whose turn it is among records that do not change. */
  int turn;

  /** What makes answers alike, for the limit of like answers. */
  long likeness;

  /** Bits of the client's address that the answer depends on. */
  int scope;

  /** Of a transfer: what is wanted. */
  @Nullable ZoneData zone;

  /** Of a transfer: what it is signed with. */
  @Nullable Tsig tsig;

  Worker(int index, int room, long seed) {
    this.index = index;
    this.in = new byte[room];
    this.answer = new Answer(room);
    this.chance = new Chance(seed);
  }
}

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
  final Told told = new Told();
  final AnswerLog log;
  final byte[] scratch = new byte[64];
  final Chance chance;
  final RateLimiter.Verdict verdict = new RateLimiter.Verdict();

  /** What records call the place where it is asked; 0: that depends. */
  int listener;

  /** Whether its thread has ended, and never writes anything more. */
  volatile boolean ended;

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
    this.log = new AnswerLog(index, Family.mix(seed));
  }
}

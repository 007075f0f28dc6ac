package io.fairlead.telemetry;

import static io.fairlead.telemetry.RecordView.mix;

import io.fairlead.telemetry.RecordLayout.Text;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Gives numbers to what exchanges of HTTP have in common, so that who takes records works out once
 * for a number, and not for each record, what follows from it: most of a million requests went one
 * of a few hundred ways and were asked for by one of a few hundred programs.
 *
 * <p>Records with one {@link RecordView#way} have the same method, protocol, listener, route,
 * service, node, status, error and number of tries, and are hedged or meant alike. Those with one
 * {@link RecordView#asker} have the same host and user agent. What is seen for the first time has
 * no number yet, and 0 stands for that: of what comes once there may be any amount. When all
 * {@value #MOST} of a sort are given, others get none; if that happens {@value #PATIENCE} times all
 * are forgotten, and a new {@link RecordView#era} begins in which numbers mean something else. No
 * two eras of a process have the same name.
 *
 * <p>One thread.
 */
public final class RecordKinds {
  /** No number is higher. */
  public static final int MOST = 4095;

  private static final int PATIENCE = 1 << 18;
  private static final int BITS = 13;
  private static final int SLOTS = 1 << BITS;
  private static final int WORDS = 3;
  private static final AtomicInteger ERAS = new AtomicInteger();

  private final long seed;

  /** By hash: number, or 0. Not more than half are taken. */
  private final short[] waySlots = new short[SLOTS];

  private final short[] askerSlots = new short[SLOTS];
  private final long[] ways = new long[WORDS * (MOST + 1)];
  private final long[] askerHashes = new long[MOST + 1];
  private final byte[][] askers = new byte[MOST + 1][];
  private final int[] hostLengths = new int[MOST + 1];

  /** Hashes of what was seen and has no number, each in its place until another one comes. */
  private final long[] once = new long[SLOTS];

  private int wayCount;
  private int refused;
  private int askerCount;
  private int era = ERAS.incrementAndGet();

  /**
   * @param seed that nobody outside knows: they must not choose texts that fall into one slot
   */
  public RecordKinds(long seed) {
    this.seed = seed;
  }

  /** Says of an exchange which way it went and who asked, where that has numbers. */
  public void sort(RecordView record) {
    int way = way(record);
    int before = era;
    int asker = asker(record);
    record.kinds(seed, era, era == before ? way : 0, asker);
  }

  private int way(RecordView record) {
    long first = record.word(RecordLayout.LISTENER);
    long second = record.word(RecordLayout.SERVICE);
    long third = record.ending();
    int method = record.method();
    if (method == 0) {
      return 0; // it is among the texts
    }
    long hash = mix(mix(mix(first ^ seed) ^ second) ^ third);
    int slot = (int) (hash >>> (64 - BITS));
    while (true) {
      int number = waySlots[slot];
      if (number == 0) {
        return isSeen(hash) ? newWay(slot, first, second, third) : 0;
      }
      int at = WORDS * number;
      if (ways[at] == first && ways[at + 1] == second && ways[at + 2] == third) {
        return number;
      }
      slot = (slot + 1) & (SLOTS - 1);
    }
  }

  private int newWay(int slot, long first, long second, long third) {
    if (wayCount == MOST) {
      return refuse();
    }
    int number = ++wayCount;
    waySlots[slot] = (short) number;
    ways[WORDS * number] = first;
    ways[WORDS * number + 1] = second;
    ways[WORDS * number + 2] = third;
    return number;
  }

  private int asker(RecordView record) {
    byte[] bytes = record.bytes();
    int host = record.textStart(Text.HOST);
    int hostLength = record.textLength(Text.HOST);
    int agent = record.textStart(Text.USER_AGENT);
    int agentLength = record.textLength(Text.USER_AGENT);
    long hash = record.hash(agent, agentLength, record.hash(host, hostLength, seed));
    int slot = (int) (hash >>> (64 - BITS));
    while (true) {
      int number = askerSlots[slot];
      if (number == 0) {
        return isSeen(hash) ? newAsker(slot, record, hash) : 0;
      }
      if (askerHashes[number] == hash && hostLengths[number] == hostLength) {
        byte[] known = askers[number];
        if (known.length == hostLength + agentLength
            && Arrays.equals(known, 0, hostLength, bytes, host, host + hostLength)
            && Arrays.equals(known, hostLength, known.length, bytes, agent, agent + agentLength)) {
          return number;
        }
      }
      slot = (slot + 1) & (SLOTS - 1);
    }
  }

  private int newAsker(int slot, RecordView record, long hash) {
    if (askerCount == MOST) {
      return refuse();
    }
    int host = record.textLength(Text.HOST);
    byte[] text = new byte[host + record.textLength(Text.USER_AGENT)];
    record.text(Text.HOST, text, 0);
    record.text(Text.USER_AGENT, text, host);
    int number = ++askerCount;
    askerSlots[slot] = (short) number;
    askerHashes[number] = hash;
    askers[number] = text;
    hostLengths[number] = host;
    return number;
  }

  /** Whether it was lately, too. */
  private boolean isSeen(long hash) {
    int at = (int) hash & (SLOTS - 1);
    boolean seen = once[at] == hash;
    once[at] = hash;
    return seen;
  }

  private int refuse() {
    if (++refused == PATIENCE) {
      Arrays.fill(waySlots, (short) 0);
      Arrays.fill(askerSlots, (short) 0);
      Arrays.fill(askers, null);
      wayCount = 0;
      askerCount = 0;
      refused = 0;
      era = ERAS.incrementAndGet();
    }
    return 0;
  }
}

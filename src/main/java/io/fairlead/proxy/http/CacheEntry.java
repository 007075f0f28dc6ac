package io.fairlead.proxy.http;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * What is known under a key. Nothing of it changes once it is published, but that it was asked for.
 */
abstract sealed class CacheEntry {
  /** About what objects, references and places in the table take beside the bytes. */
  private static final int OVERHEAD = 320;

  final byte[] key;
  final long hash;

  /** Bytes of memory that it counts for. */
  final int weight;

  /**
   * Asked for since the hand came by last. Any loop writes it; a write that is lost does no harm.
   */
  boolean visited;

  private CacheEntry(byte[] key, long hash, int bytes) {
    this.key = key;
    this.hash = hash;
    weight = weight(key.length, bytes);
  }

  static int weight(int key, int bytes) {
    return OVERHEAD + key + bytes;
  }

  final boolean isFor(byte[] bytes, int length, long sought) {
    return hash == sought && Arrays.equals(key, 0, key.length, bytes, 0, length);
  }

  /** An answer of a node, complete. */
  static final class Answer extends CacheEntry {
    /** As it came, without what concerns one connection or one request; with date and length. */
    final Head head;

    final byte[] body;
    final CacheLife life;

    /** The generation of its URI when it was asked for; another one: it is out of date. */
    final int generation;

    final long uri;

    /** The number of the field; -1: there is none. */
    final int etag;

    final int lastModified;

    /** How long it is fresh is not its own word. */
    final boolean guessed;

    Answer(
        byte[] key,
        long hash,
        Head head,
        byte[] body,
        CacheLife life,
        long uri,
        int generation,
        boolean guessed) {
      super(key, hash, head.weight() + body.length);
      this.head = head;
      this.body = body;
      this.life = life;
      this.uri = uri;
      this.generation = generation;
      this.guessed = guessed;
      etag = RouteCache.etag(head);
      lastModified = RouteCache.lastModified(head);
    }

    /** Whether a node can be asked if it is still the one. */
    boolean hasValidator() {
      return etag >= 0 || lastModified >= 0;
    }
  }

  /** There are several answers, by these fields of the request; each has a longer key. */
  static final class Varies extends CacheEntry {
    final byte[][] names;

    Varies(byte[] key, long hash, byte[][] names) {
      super(key, hash, Arrays.stream(names).mapToInt(name -> name.length + 16).sum());
      this.names = names;
    }
  }

  /** Such answers are not kept, so that nobody should wait for another one's. */
  static final class Pass extends CacheEntry {
    /** So long nobody waits, unless an answer is kept before. */
    private static final long NANOS = TimeUnit.SECONDS.toNanos(10);

    private final long since;

    Pass(byte[] key, long hash, long now) {
      super(key, hash, 0);
      since = now;
    }

    boolean holds(long now) {
      return now - since < NANOS;
    }
  }
}

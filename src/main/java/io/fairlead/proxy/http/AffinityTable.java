package io.fairlead.proxy.http;

import io.fairlead.config.AffinityConfig;
import io.fairlead.config.AffinityConfig.SameSite;
import io.fairlead.config.AffinityConfig.Secure;
import io.fairlead.service.Node;
import io.fairlead.service.NodeFacts;
import io.fairlead.service.Standing;
import io.fairlead.telemetry.AffinityCounter;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which node a cookie names, and what the cookie of a node says. Made anew when members, keys or
 * the configuration change, and never changed once published; a look-up does no arithmetic of keys
 * and allocates nothing.
 *
 * <p>A value is {@value AffinityTokens#LENGTH} characters: four that are the same for all nodes of
 * a service, so that a cookie of another service is told from a forged one, and sixteen that name
 * the node. Both are cut from a MAC ({@link AffinityTokens}), so that nobody who has not been given
 * a value can make one, and none tells an address.
 *
 * <p>Can time tell how much of a guess was right? Sixteen characters are compared as two words of
 * eight and both always, never byte by byte, so there is no way from one right character to the
 * next. How long the search takes depends on which places of the table are taken, which says
 * nothing about a value that is not in it. And what could be found out is worth little: whoever
 * asks often enough without a cookie is given one for each node.
 */
final class AffinityTable {
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle HALF =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

  private static final byte[] SET_COOKIE = Ascii.bytes("set-cookie");

  // What a look-up finds when it finds no place.
  private static final int MALFORMED = -1;
  private static final int FOREIGN = -2;
  private static final int UNKNOWN = -3;

  private final byte[] name;
  private final byte[] nameAndEquals;
  private final byte[] attributes;
  private final byte[] secureAttributes;
  private final Secure secure;

  /** One for each key. */
  private final int[] tags;

  /** Two words in each place. */
  private final long[] words;

  private final @Nullable Node[] nodes;

  /** Of that place: what the node's cookies say now. */
  private final boolean[] current;

  private final IdentityHashMap<Node, byte[]> values;

  /**
   * @param tags by key, the first signs
   * @param accepted by node: all values that name it, what its cookies say now first
   */
  AffinityTable(AffinityConfig config, List<byte[]> tags, Map<Node, List<byte[]>> accepted) {
    name = Ascii.bytes(config.cookie());
    nameAndEquals = Ascii.bytes(config.cookie() + "=");
    secure = config.secure();
    String common =
        "; Path="
            + config.path()
            + (config.maxAge().isZero() ? "" : "; Max-Age=" + config.maxAge().toSeconds())
            + "; HttpOnly; SameSite="
            + word(config.sameSite());
    attributes = Ascii.bytes(common);
    secureAttributes = Ascii.bytes(common + "; Secure");
    this.tags = tags.stream().mapToInt(tag -> (int) HALF.get(tag, 0)).toArray();
    int count = accepted.values().stream().mapToInt(List::size).sum();
    int places = Integer.highestOneBit(Math.max(2, count)) << 2; // at most half are taken
    words = new long[2 * places];
    nodes = new Node[places];
    current = new boolean[places];
    values = new IdentityHashMap<>(accepted.size());
    accepted.forEach((node, all) -> {
      values.put(node, all.getFirst());
      for (int i = all.size() - 1; i >= 0; i--) {
        put(all.get(i), node, i == 0);
      }
    });
  }

  private static String word(SameSite value) {
    return switch (value) {
      case LAX -> "Lax";
      case STRICT -> "Strict";
      case NONE -> "None";
    };
  }

  private void put(byte[] value, Node node, boolean now) {
    long first = (long) WORD.get(value, AffinityTokens.TAG);
    long second = (long) WORD.get(value, AffinityTokens.TAG + Long.BYTES);
    int place = place(first, second);
    while (nodes[place] != null) {
      place = place + 1 & nodes.length - 1;
    }
    words[2 * place] = first;
    words[2 * place + 1] = second;
    nodes[place] = node;
    current[place] = now;
  }

  private int place(long first, long second) {
    long mixed = (first ^ Long.rotateLeft(second, 29)) * 0x9E3779B97F4A7C15L;
    return (int) (mixed >>> 40) & nodes.length - 1;
  }

  byte[] cookie() {
    return name;
  }

  /** Where the node is that the value in that range names, or why it names none: below 0. */
  private int find(byte[] bytes, int start, int end) {
    if (end - start != AffinityTokens.LENGTH) {
      return MALFORMED;
    }
    int tag = (int) HALF.get(bytes, start);
    boolean ours = false;
    for (int each : tags) {
      ours |= each == tag;
    }
    if (!ours) {
      return isBase64(bytes, start, end) ? FOREIGN : MALFORMED;
    }
    long first = (long) WORD.get(bytes, start + AffinityTokens.TAG);
    long second = (long) WORD.get(bytes, start + AffinityTokens.TAG + Long.BYTES);
    int place = place(first, second);
    while (nodes[place] != null) {
      if (((words[2 * place] ^ first) | (words[2 * place + 1] ^ second)) == 0) {
        return place;
      }
      place = place + 1 & nodes.length - 1;
    }
    return UNKNOWN;
  }

  private static boolean isBase64(byte[] bytes, int start, int end) {
    for (int at = start; at < end; at++) {
      byte b = bytes[at];
      if (!((b >= 'a' && b <= 'z')
          || (b >= 'A' && b <= 'Z')
          || (b >= '0' && b <= '9')
          || b == '-'
          || b == '_')) {
        return false;
      }
    }
    return true;
  }

  /** What the request's cookie means, {@code HIT} if it names a node that may be asked. */
  void read(Head request, Found into) {
    into.node = null;
    into.current = false;
    into.present = true;
    long range = CookieField.find(request, name);
    if (range < 0) {
      into.present = range != CookieField.NONE;
      into.outcome = into.present ? AffinityCounter.DUPLICATE : AffinityCounter.ABSENT;
      return;
    }
    int place = find(request.bytes, (int) (range >>> 32), (int) range);
    if (place < 0) {
      into.outcome =
          place == MALFORMED
              ? AffinityCounter.MALFORMED
              : place == FOREIGN ? AffinityCounter.FOREIGN : AffinityCounter.UNKNOWN;
      return;
    }
    Node node = nodes[place];
    if (node == null) {
      throw new IllegalStateException("an empty place was found");
    }
    into.node = node;
    into.current = current[place];
    into.outcome = outcome(node);
  }

  /**
   * What a cookie of that node is worth now. A session stays at a node that drains, which is what
   * draining is for, and on one that is on probation, which answers after all. It leaves one that
   * is down or ejected: an ejection says that most answers there are wrong, for this client as for
   * others, and a session that fails is worth less than one that has to begin anew.
   */
  static AffinityCounter outcome(Node node) {
    NodeFacts facts = node.facts();
    if (!node.isMember()) {
      return AffinityCounter.UNKNOWN;
    }
    if (!facts.up()) {
      return AffinityCounter.DOWN;
    }
    if (facts.weight() == 0) {
      return AffinityCounter.WEIGHT;
    }
    if (facts.standing().state() == Standing.State.EJECTED || facts.standing().share() == 0) {
      return AffinityCounter.EJECTED;
    }
    return (facts.draining() && node.sessions().over()) || node.isPassedOver()
        ? AffinityCounter.DRAINED
        : AffinityCounter.HIT;
  }

  /**
   * Tells the client to come back to that node.
   *
   * @param overTls the client uses TLS
   * @return false if the node has left meanwhile
   */
  boolean add(Head response, Node node, boolean overTls) {
    byte[] value = values.get(node);
    if (value == null) {
      return false;
    }
    response.openField(SET_COOKIE);
    response.put(nameAndEquals);
    response.put(value);
    boolean marked =
        switch (secure) {
          case AUTO -> overTls;
          case ALWAYS -> true;
          case NEVER -> false;
        };
    response.put(marked ? secureAttributes : attributes);
    response.closeField(FieldName.OTHER);
    return true;
  }

  /** What the cookie of a request means; used again for the next. */
  static final class Found {
    @Nullable Node node;

    /** A cookie set now would say the same. */
    boolean current;

    /** There is at least one of that name. */
    boolean present;

    AffinityCounter outcome = AffinityCounter.ABSENT;
  }
}

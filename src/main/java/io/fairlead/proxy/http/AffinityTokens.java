package io.fairlead.proxy.http;

import io.fairlead.config.AffinityConfig;
import io.fairlead.service.Node;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.IdentityHashMap;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * What the cookies of a service say. A value is cut from HMAC-SHA-256 over the service's name, the
 * node's address and, where cookies have an age, the period it was made in: 24 bits for the service
 * and 96 for the node, in base64url. To guess one of n values takes 2^96/n tries, each of them a
 * request.
 *
 * <p>A period is half of what a cookie may live. Values of the period before and the one before
 * that are still good, since a cookie set at the end of its period lives that long, and are renewed
 * when they come; so is what an older key has signed. Values of the next period are good, too: the
 * clock of another instance may be ahead.
 *
 * <p>Values of nodes that stay are kept: only newcomers cost anything when members change. Control
 * thread.
 */
public final class AffinityTokens {
  /** Characters that say which service. */
  static final int TAG = 4;

  /** Characters of a value. */
  static final int LENGTH = 20;

  /** The period now, and those around it whose values are good. */
  private static final int[] PERIODS = {0, -1, -2, 1};

  private static final int[] NO_PERIODS = {0};
  private static final Base64.Encoder TEXT = Base64.getUrlEncoder().withoutPadding();

  private final String service;
  private final AffinityConfig config;
  private final List<byte[]> keys;
  private final List<Mac> macs = new ArrayList<>();
  private final List<byte[]> tags = new ArrayList<>();
  private IdentityHashMap<Node, List<byte[]>> values = new IdentityHashMap<>();
  private Node[] members = {};
  private long period = Long.MIN_VALUE;
  private @Nullable AffinityTable table;

  /**
   * @param keys the first signs, all verify
   */
  public AffinityTokens(String service, AffinityConfig config, List<byte[]> keys) {
    this.service = service;
    this.config = config;
    this.keys = keys;
    for (byte[] key : keys) {
      Mac mac = mac(key);
      macs.add(mac);
      tags.add(cut(mac, "service\0" + service, TAG));
    }
  }

  /** Whether it would say the same by that configuration. */
  public boolean isFor(AffinityConfig other, List<byte[]> otherKeys) {
    if (!config.equals(other) || keys.size() != otherKeys.size()) {
      return false;
    }
    boolean same = true;
    for (int i = 0; i < keys.size(); i++) {
      same &= Arrays.equals(keys.get(i), otherKeys.get(i));
    }
    return same;
  }

  public AffinityConfig config() {
    return config;
  }

  /**
   * The table for those nodes at that time; the one before if nothing is different.
   *
   * @param epochMillis now
   */
  AffinityTable table(Node[] nodes, long epochMillis) {
    long now =
        config.maxAge().isZero() ? 0 : Math.floorDiv(epochMillis, config.maxAge().toMillis() / 2);
    AffinityTable before = table;
    if (before != null && now == period && Arrays.equals(nodes, members)) {
      return before;
    }
    if (now != period) {
      values.clear();
      period = now;
    }
    members = nodes;
    IdentityHashMap<Node, List<byte[]>> next = new IdentityHashMap<>();
    for (Node node : nodes) {
      List<byte[]> known = values.get(node);
      next.put(node, known != null ? known : valuesOf(node));
    }
    values = next;
    AffinityTable made = new AffinityTable(config, tags, next);
    table = made;
    return made;
  }

  private List<byte[]> valuesOf(Node node) {
    List<byte[]> all = new ArrayList<>();
    for (int i = 0; i < macs.size(); i++) {
      for (int offset : config.maxAge().isZero() ? NO_PERIODS : PERIODS) {
        String text = "node\0" + service + "\0" + node.address() + "\0" + (period + offset);
        byte[] value = Arrays.copyOf(tags.get(i), LENGTH);
        System.arraycopy(cut(macs.get(i), text, LENGTH - TAG), 0, value, TAG, LENGTH - TAG);
        all.add(value);
      }
    }
    return all;
  }

  private static byte[] cut(Mac mac, String text, int characters) {
    byte[] whole = mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    return TEXT.encode(ByteBuffer.wrap(whole, 0, characters * 6 / 8)).array();
  }

  private static Mac mac(byte[] key) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return mac;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has HMAC-SHA-256", e);
    }
  }
}

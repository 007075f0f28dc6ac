package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.quic.Quic;
import io.netty.handler.codec.quic.QuicTokenHandler;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Has clients prove that they are where they say (RFC 9000, 8.1.2) while many handshakes are going
 * on: whoever forges addresses gets no further than a token, and costs no memory. In quiet times
 * nobody waits for the additional round trip.
 *
 * <p>A token is a time, a code over time, address and what the client had chosen to call the
 * connection, and that name itself.
 */
final class RetryTokens implements QuicTokenHandler {
  /** Handshakes at once from which on clients have to prove it. */
  static final int FEW = 256;

  private static final long LIFE_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final int MAC_BYTES = 32;
  private static final int HEAD_BYTES = Long.BYTES + MAC_BYTES;

  private final byte[] key = new byte[32];
  private final AtomicInteger shaking = new AtomicInteger();

  RetryTokens() {
    new SecureRandom().nextBytes(key);
  }

  void begun() {
    shaking.incrementAndGet();
  }

  void ended() {
    shaking.decrementAndGet();
  }

  @Override
  public boolean writeToken(ByteBuf out, ByteBuf dcid, InetSocketAddress address) {
    if (shaking.get() < FEW) {
      return false;
    }
    long now = System.nanoTime();
    byte[] name = new byte[dcid.readableBytes()];
    dcid.getBytes(dcid.readerIndex(), name);
    out.writeLong(now).writeBytes(code(now, address, name)).writeBytes(name);
    return true;
  }

  @Override
  public int validateToken(ByteBuf token, InetSocketAddress address) {
    int start = token.readerIndex();
    int name = token.readableBytes() - HEAD_BYTES;
    if (name < 0 || name > Quic.MAX_CONN_ID_LEN) {
      return -1;
    }
    long then = token.getLong(start);
    long age = System.nanoTime() - then;
    if (age < 0 || age > LIFE_NANOS) {
      return -1;
    }
    byte[] code = new byte[MAC_BYTES];
    token.getBytes(start + Long.BYTES, code);
    byte[] called = new byte[name];
    token.getBytes(start + HEAD_BYTES, called);
    return MessageDigest.isEqual(code, code(then, address, called)) ? HEAD_BYTES : -1;
  }

  private byte[] code(long time, InetSocketAddress address, byte[] name) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      mac.update(
          ByteBuffer.allocate(Long.BYTES + 4).putLong(time).putInt(address.getPort()).flip());
      mac.update(address.getAddress().getAddress());
      return mac.doFinal(name);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has it", e);
    }
  }

  @Override
  public int maxTokenLength() {
    return HEAD_BYTES + Quic.MAX_CONN_ID_LEN;
  }
}

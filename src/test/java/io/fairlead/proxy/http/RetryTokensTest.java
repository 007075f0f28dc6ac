package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who has to prove an address, and by what. */
final class RetryTokensTest {
  private static final InetSocketAddress CLIENT = new InetSocketAddress("192.0.2.1", 4433);
  private static final byte[] NAME = {1, 2, 3, 4, 5, 6, 7, 8};

  private final RetryTokens tokens = new RetryTokens();

  @BeforeEach
  void busy() {
    for (int i = 0; i < RetryTokens.FEW; i++) {
      tokens.begun();
    }
  }

  private ByteBuf token() {
    ByteBuf out = Unpooled.buffer();
    assertThat(tokens.writeToken(out, Unpooled.wrappedBuffer(NAME), CLIENT)).isTrue();
    assertThat(out.readableBytes()).isLessThanOrEqualTo(tokens.maxTokenLength());
    return out;
  }

  @Test
  void inQuietTimesNobodyHasTo() {
    tokens.ended();
    assertThat(tokens.writeToken(Unpooled.buffer(), Unpooled.wrappedBuffer(NAME), CLIENT))
        .isFalse();
  }

  @Test
  void whoWasGivenOneGetsInAndTheNameIsBehindIt() {
    ByteBuf token = token();
    int at = tokens.validateToken(token, CLIENT);
    assertThat(at).isPositive();
    assertThat(token.slice(at, token.readableBytes() - at)).isEqualTo(Unpooled.wrappedBuffer(NAME));
  }

  @Test
  void nobodyElseDoes() {
    assertThat(tokens.validateToken(token(), new InetSocketAddress("192.0.2.2", 4433)))
        .isNegative();
    assertThat(tokens.validateToken(token(), new InetSocketAddress("192.0.2.1", 4434)))
        .isNegative();
    assertThat(new RetryTokens().validateToken(token(), CLIENT)).isNegative();
  }

  @Test
  void noBitOfItMayBeAnother() {
    int bits = token().readableBytes() * 8;
    for (int bit = 0; bit < bits; bit++) {
      ByteBuf token = token();
      token.setByte(bit / 8, token.getByte(bit / 8) ^ (1 << bit % 8));
      assertThat(tokens.validateToken(token, CLIENT)).as("bit %d", bit).isNegative();
    }
    for (int length = 0; length < bits / 8; length++) {
      assertThat(tokens.validateToken(token().slice(0, length), CLIENT)).isNegative();
    }
  }
}

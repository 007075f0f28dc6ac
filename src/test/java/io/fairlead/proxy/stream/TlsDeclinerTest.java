package io.fairlead.proxy.stream;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.stream.TlsDecliner.State;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;

/** What a client says is passed on without its requests for encryption, in whatever pieces. */
final class TlsDeclinerTest {
  private static final String TLS = "\0\0\0\b\4\u00d2\u0016/";
  private static final String GSS = "\0\0\0\b\4\u00d2\u00160";
  private static final String CANCEL = "\0\0\0\20\4\u00d2\u0016.12345678";
  private static final String START = "\0\0\0\u0013\0\3\0\0user\0shop\0\0" + TLS;

  private String passed = "";
  private int declined;

  /** Says that in pieces of that size. */
  private State said(String all, int size) {
    TlsDecliner decliner = new TlsDecliner();
    passed = "";
    declined = 0;
    for (int i = 0; i < all.length(); i += size) {
      String piece = all.substring(i, Math.min(all.length(), i + size));
      if (decliner.state() == State.PASSES) {
        passed += piece;
      } else {
        ByteBuf in = Unpooled.copiedBuffer(piece, ISO_8859_1);
        declined += decliner.take(in);
        if (decliner.state() == State.PASSES) {
          passed += new String(decliner.held(), ISO_8859_1) + in.toString(ISO_8859_1);
        }
      }
    }
    return decliner.state();
  }

  private void assertDeclined(int count, String requests, String rest) {
    String all = requests + rest;
    for (int size = 1; size <= all.length(); size++) {
      assertThat(said(all, size)).isEqualTo(State.PASSES);
      assertThat(passed).as("in pieces of %d", size).isEqualTo(rest);
      assertThat(declined).isEqualTo(count);
    }
  }

  private void assertRefused(int count, String all) {
    for (int size = 1; size <= all.length(); size++) {
      assertThat(said(all, size)).as("in pieces of %d", size).isEqualTo(State.REFUSED);
      assertThat(passed).isEmpty();
      assertThat(declined).isEqualTo(count);
    }
  }

  @Test
  void requestsAreDeclined() {
    assertDeclined(0, "", START);
    assertDeclined(1, TLS, START);
    assertDeclined(2, GSS + TLS, START);
    assertDeclined(1, GSS, CANCEL);
  }

  @Test
  void whatOnlyBeginsAsOneIsPassedOn() {
    assertDeclined(0, "", CANCEL);
    assertDeclined(0, "", "\0\0\0\b\4\u00d2\u0016.");
    assertDeclined(0, "", "\0\0\0\b\0\3\0\0");
    assertDeclined(1, TLS, "\0\0\0\u0016\0\3\0\0user\0shop\0\0");
    assertThat(said(TLS.substring(0, 7), 3)).isEqualTo(State.BEGINS);
  }

  @Test
  void whoInsistsIsRefused() {
    assertRefused(0, "\u0016\3\1\0\u00c8");
    assertRefused(1, TLS + "\u0016\3\1");
    assertRefused(3, TLS + TLS + TLS);
  }
}

package io.fairlead.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Cookies as other servers make them. */
final class CookiesTest {
  private static final byte[] SECRET = HexFormat.of().parseHex("e5e973e5a6b2a43f48e7dc849e37bfcf");
  private static final int TIME = 1_559_731_985;
  private final Peer peer = new Peer();
  private final byte[] scratch = new byte[64];

  /** RFC 9018, A.1. */
  @Test
  void oneIsMadeAsTheStandardShows() {
    Query query = query("2464c4abcf10c957");
    peer.set(InetAddress.ofLiteral("198.51.100.100"));
    Answer out = new Answer(64);
    new Cookies(List.of(SECRET)).write(query, peer, TIME, scratch, out);
    assertThat(HexFormat.of().formatHex(Arrays.copyOf(out.out, out.at)))
        .isEqualTo("2464c4abcf10c957010000005cf79f111f8130c3eee29480");
  }

  @Test
  void oneOfOursIsKnownForAnHourAndOnlyFromItsClient() {
    Query query = query("2464c4abcf10c957010000005cf79f111f8130c3eee29480");
    Cookies cookies = new Cookies(List.of(new byte[16], SECRET));
    peer.set(InetAddress.ofLiteral("198.51.100.100"));
    assertThat(cookies.isOurs(query, peer, TIME, scratch)).isTrue();
    assertThat(cookies.isOurs(query, peer, TIME + 3600, scratch)).isTrue();
    assertThat(cookies.isOurs(query, peer, TIME + 3601, scratch)).isFalse();
    assertThat(cookies.isOurs(query, peer, TIME - 300, scratch)).isTrue();
    assertThat(cookies.isOurs(query, peer, TIME - 301, scratch)).isFalse();
    peer.set(InetAddress.ofLiteral("198.51.100.101"));
    assertThat(cookies.isOurs(query, peer, TIME, scratch)).isFalse();
  }

  @Test
  void oneOfAnotherSecretIsNot() {
    Query query = query("2464c4abcf10c957010000005cf79f111f8130c3eee29480");
    peer.set(InetAddress.ofLiteral("198.51.100.100"));
    assertThat(new Cookies(List.of(new byte[16])).isOurs(query, peer, TIME, scratch)).isFalse();
  }

  private static Query query(String cookie) {
    Query query = new Query();
    byte[] option = HexFormat.of().parseHex(cookie);
    byte[] question =
        Corpus.assemble(
            "H:0000:1:0:0:1 Q:one.fl.test:A OPT:1232:0000:000A"
                + String.format("%04x", option.length)
                + cookie);
    assertThat(query.read(question, question.length)).isEqualTo(Query.Read.ANSWER);
    return query;
  }
}

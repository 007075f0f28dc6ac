package io.fairlead.proxy.tls;

import static io.fairlead.proxy.tls.Hello.ascii;
import static io.fairlead.proxy.tls.Hello.bytes;
import static io.fairlead.proxy.tls.Hello.join;
import static io.fairlead.proxy.tls.Hello.message;
import static io.fairlead.proxy.tls.Hello.modern;
import static io.fairlead.proxy.tls.Hello.record;
import static io.fairlead.proxy.tls.Hello.records;
import static io.fairlead.proxy.tls.Hello.vector;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.tls.HelloReader.Result;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What first bytes are, and what they say; whoever sends them, and in whatever pieces. */
final class HelloReaderTest {
  private static final byte[] NAMED =
      modern().name("a.example").protocols("h2", "http/1.1").record();

  static Stream<Arguments> firstBytes() {
    byte[] long40k = new byte[40_000];
    return Stream.of(
        one("a hello", Result.DONE, modern().record()),
        one("one with a name", Result.DONE, NAMED),
        one(
            "one of TLS 1.2 without extensions",
            Result.DONE,
            new Hello().withoutExtensions().record()),
        one("one with an empty list of extensions", Result.DONE, new Hello().record()),
        one(
            "one with a session of 32 bytes",
            Result.DONE,
            modern().session(vector(1, new byte[32])).record()),
        one("unknown extensions", Result.DONE, modern().extension(0x7a7a, bytes(1, 2, 3)).record()),
        one("one that only knows SSL 3", Result.DONE, new Hello().version(0x0300).record()),
        one("early data behind it", Result.DONE, join(NAMED, bytes(23, 3, 3, 0, 2, 7, 7))),
        one("nothing", Result.MORE, bytes()),
        one("one byte", Result.MORE, bytes(22)),
        one("half a hello", Result.MORE, Arrays.copyOf(NAMED, NAMED.length / 2)),
        one("all but the last byte", Result.MORE, Arrays.copyOf(NAMED, NAMED.length - 1)),
        one("a header that promises a record", Result.MORE, bytes(22, 3, 1, 0x40, 0)),
        one("a request in the clear", Result.PLAIN_HTTP, ascii("GET / HTTP/1.1\r\n\r\n")),
        one("its first letter", Result.PLAIN_HTTP, ascii("P")),
        one("the preface of HTTP/2", Result.PLAIN_HTTP, ascii("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")),
        one("SSH", Result.PLAIN_HTTP, ascii("SSH-2.0-OpenSSH_9.2\r\n")),
        one("SMTP in small letters", Result.NOT_TLS, ascii("ehlo x\r\n")),
        one("zeros", Result.NOT_TLS, new byte[100]),
        one("an SSL 2 hello", Result.NOT_TLS, bytes(0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10)),
        one("a handshake of SSL 2", Result.NOT_TLS, bytes(22, 2, 0, 0, 10)),
        one("a handshake of a version to come", Result.NOT_TLS, bytes(22, 4, 0, 0, 10)),
        one("the PROXY protocol, version 2", Result.NOT_TLS, bytes(13, 10, 13, 10, 0, 13, 10)),
        one("an alert first", Result.UNEXPECTED, bytes(21, 3, 1, 0, 2, 1, 0)),
        one("data first", Result.UNEXPECTED, bytes(23, 3, 3, 0, 1, 0)),
        one("a heartbeat first", Result.UNEXPECTED, bytes(24, 3, 3, 0, 3, 1, 0x40, 0)),
        one("a change of cipher first", Result.UNEXPECTED, bytes(20, 3, 1, 0, 1, 1)),
        one("a ServerHello", Result.UNEXPECTED, record(message(2, modern().body()))),
        one("a HelloRequest", Result.UNEXPECTED, record(message(0, bytes()))),
        one(
            "an alert between two pieces",
            Result.UNEXPECTED,
            join(record(Arrays.copyOf(modern().message(), 20)), bytes(21, 3, 1, 0, 2, 1, 0))),
        one(
            "another version between two pieces",
            Result.MALFORMED,
            join(record(Arrays.copyOf(modern().message(), 20)), bytes(22, 9, 1, 0, 2))),
        one("an empty record", Result.MALFORMED, bytes(22, 3, 1, 0, 0)),
        one(
            "an empty record between two pieces",
            Result.MALFORMED,
            join(record(Arrays.copyOf(modern().message(), 20)), bytes(22, 3, 1, 0, 0))),
        one("a record of more than 16 KiB", Result.MALFORMED, bytes(22, 3, 1, 0x40, 1)),
        one("a hello without anything in it", Result.MALFORMED, record(message(1, bytes()))),
        one("a hello that ends in its random", Result.MALFORMED, record(message(1, new byte[20]))),
        one(
            "another message in the same record",
            Result.MALFORMED,
            record(join(modern().message(), bytes(0)))),
        one(
            "a session of 33 bytes",
            Result.MALFORMED,
            modern().session(vector(1, new byte[33])).record()),
        one(
            "half a cipher suite",
            Result.MALFORMED,
            modern().rawSuites(vector(2, bytes(0x13, 1, 0x13))).record()),
        one("no cipher suite", Result.MALFORMED, modern().rawSuites(bytes(0, 0)).record()),
        one("no compression method", Result.MALFORMED, modern().compression(bytes(0)).record()),
        one(
            "nothing but compression",
            Result.MALFORMED,
            modern().compression(bytes(1, 1)).record()),
        one(
            "two names",
            Result.MALFORMED,
            modern()
                .extension(
                    0,
                    vector(
                        2, join(bytes(0), vector(2, ascii("a")), bytes(0), vector(2, ascii("b")))))
                .record()),
        one("two extensions with names", Result.MALFORMED, modern().name("a").name("b").record()),
        one(
            "a name of another kind",
            Result.MALFORMED,
            modern().extension(0, vector(2, join(bytes(1), vector(2, ascii("a"))))).record()),
        one("an empty name", Result.MALFORMED, modern().name("").record()),
        one(
            "an empty list of names",
            Result.MALFORMED,
            modern().extension(0, bytes(0, 0)).record()),
        one(
            "an empty extension for names",
            Result.MALFORMED,
            modern().extension(0, bytes()).record()),
        one("a name with NUL", Result.MALFORMED, modern().name("good.example\0.bad").record()),
        one("a name with a line break", Result.MALFORMED, modern().name("a\r\nb").record()),
        one("a name that is not ASCII", Result.MALFORMED, modern().name("m\u00fcller").record()),
        one(
            "a list of names longer than its extension",
            Result.MALFORMED,
            modern().extension(0, join(bytes(0, 99, 0), vector(2, ascii("a")))).record()),
        one(
            "bytes behind the list of names",
            Result.MALFORMED,
            modern()
                .extension(0, join(vector(2, join(bytes(0), vector(2, ascii("a")))), bytes(0)))
                .record()),
        one("an empty protocol", Result.MALFORMED, modern().protocols("h2", "").record()),
        one("an empty list of protocols", Result.MALFORMED, modern().protocols().record()),
        one("half a version", Result.MALFORMED, modern().extension(43, bytes(3, 3, 4, 3)).record()),
        one("the same extension twice", Result.MALFORMED, modern().extension(23, bytes()).record()),
        one(
            "extensions that are longer than the hello",
            Result.MALFORMED,
            record(message(1, join(new Hello().withoutExtensions().body(), bytes(0, 9, 0))))),
        one(
            "bytes behind the extensions",
            Result.MALFORMED,
            record(message(1, join(modern().body(), bytes(0))))),
        one("a hello of 16 MiB", Result.TOO_LONG, record(bytes(1, 0xff, 0xff, 0xff))),
        one("a hello of 16 KiB and a byte", Result.TOO_LONG, record(bytes(1, 0, 0x40, 1))),
        one(
            "a hello of 16 KiB in records of one byte",
            Result.TOO_LONG,
            records(message(1, Arrays.copyOf(long40k, 16 * 1024)), 1)));
  }

  private static Arguments one(String what, Result result, byte[] bytes) {
    return Arguments.of(what, result, bytes);
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("firstBytes")
  void firstBytesAre(String what, Result result, byte[] sent) {
    assertThat(readAll(new HelloReader(), sent)).isEqualTo(result);
    // The same, whatever the network does to them.
    assertThat(readInPieces(new HelloReader(), sent, 1)).isEqualTo(result);
    assertThat(readInPieces(new HelloReader(), sent, 7)).isEqualTo(result);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 9, 50, 150})
  void aHelloInManyRecordsSaysTheSame(int each) {
    HelloReader whole = new HelloReader();
    readAll(whole, NAMED);
    byte[] cut = modern().name("a.example").protocols("h2", "http/1.1").records(each);
    for (int segment : new int[] {1, 3, 64, cut.length}) {
      HelloReader reader = new HelloReader();
      assertThat(readInPieces(reader, cut, segment)).isEqualTo(Result.DONE);
      assertThat(reader.hello()).isEqualTo(whole.hello());
    }
  }

  @Test
  void saysWhoIsAskedFor() {
    ClientHello hello = hello(modern().name("Shop.Example.").protocols("h2", "http/1.1"));
    assertThat(hello.serverName()).isEqualTo("shop.example");
    assertThat(hello.protocols()).containsExactly("h2", "http/1.1");
    assertThat(hello.tls13()).isTrue();
  }

  @Test
  void saysWhichSignaturesTheClientCanCheck() {
    assertThat(kinds(new Hello().versions(0x0304).algorithms(0x0403))).isEqualTo("ecdsa");
    assertThat(kinds(new Hello().versions(0x0304).algorithms(0x0804))).isEqualTo("rsa");
    assertThat(kinds(new Hello().versions(0x0304).algorithms(0x0804, 0x0503)))
        .isEqualTo("rsa ecdsa");
    assertThat(kinds(new Hello().versions(0x0304).algorithms(0x0807))).isEqualTo("");
    // TLS 1.2 also says so by its suites.
    assertThat(kinds(new Hello().suites(0xc02f).algorithms(0x0403, 0x0401))).isEqualTo("rsa");
    assertThat(kinds(new Hello().suites(0xc02b).algorithms(0x0403, 0x0401))).isEqualTo("ecdsa");
    assertThat(kinds(new Hello().suites(0xc02b, 0xc02f))).isEqualTo("rsa ecdsa");
    assertThat(kinds(new Hello().suites(0x002f))).isEqualTo("");
  }

  private static String kinds(Hello hello) {
    ClientHello read = hello(hello);
    return ((read.rsa() ? "rsa " : "") + (read.ecdsa() ? "ecdsa" : "")).strip();
  }

  /** Whatever is done to a hello, it is refused or read, and never more is kept than allowed. */
  @Test
  void damageIsSeenOrHarmless() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = NAMED.clone();
      int changes = 1 + random.nextInt(4);
      for (int j = 0; j < changes; j++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      HelloReader reader = new HelloReader();
      Result result = readInPieces(reader, bytes, 1 + random.nextInt(bytes.length));
      if (result == Result.DONE) {
        assertThat(reader.hello().serverName().length()).as("seed %s", seed).isLessThan(256);
      }
    }
  }

  private static ClientHello hello(Hello hello) {
    HelloReader reader = new HelloReader();
    assertThat(readAll(reader, hello.record())).isEqualTo(Result.DONE);
    return reader.hello();
  }

  private static Result readAll(HelloReader reader, byte[] bytes) {
    ByteBuf in = Unpooled.wrappedBuffer(bytes);
    return reader.read(in, 0, bytes.length);
  }

  private static Result readInPieces(HelloReader reader, byte[] bytes, int each) {
    ByteBuf in = Unpooled.wrappedBuffer(bytes);
    Result result = Result.MORE;
    for (int at = 0; at < bytes.length && result == Result.MORE; at += each) {
      result = reader.read(in, at, Math.min(at + each, bytes.length));
    }
    return result;
  }
}

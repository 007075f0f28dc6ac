package io.fairlead.alert;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.TestCertificates;
import io.fairlead.config.HostPort;
import io.fairlead.config.ReceiverConfig.Email;
import io.fairlead.config.ReceiverConfig.MailTls;
import io.fairlead.config.Secret;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Mail handed to a real server, and to some that only seem to be one. */
@Timeout(60)
final class MailTest {
  private static final Secret RIGHT = new Secret("right horse");

  @TempDir private Path folder;
  private TestCertificates certificates;
  private final List<Process> started = new ArrayList<>();

  @BeforeEach
  void certificates() throws IOException {
    certificates = new TestCertificates(folder);
    var _ = certificates.make("mail", "127.0.0.1", "localhost");
  }

  @AfterEach
  void stop() throws InterruptedException {
    for (Process process : started) {
      process.destroyForcibly().waitFor();
    }
  }

  private int server(MailTls kind) throws IOException {
    Process process =
        new ProcessBuilder(
                "/usr/bin/python3",
                "src/test/resources/smtp-server.py",
                kind == MailTls.NONE ? "plain" : kind == MailTls.TLS ? "tls" : "starttls",
                folder.resolve("mail.pem").toString(),
                folder.resolve("mail.key").toString(),
                folder.toString())
            .redirectError(folder.resolve("errors").toFile())
            .start();
    started.add(process);
    BufferedReader said = process.inputReader(UTF_8);
    String port = said.readLine();
    assertThat(port).as(Files.readString(folder.resolve("errors"))).isNotNull();
    return Integer.parseInt(String.valueOf(port));
  }

  private Email config(int port, MailTls tls, Secret password, String... to) {
    return new Email(
        List.of(to),
        "fairlead@example.org",
        new HostPort("127.0.0.1", port),
        tls,
        tls == MailTls.NONE ? "" : "fairlead",
        tls == MailTls.NONE ? new Secret("") : password,
        tls == MailTls.NONE ? List.of() : List.of(certificates.ca()));
  }

  private static Delivery send(Email config) throws InterruptedException {
    return new MailSender(config, "edge-1", Duration.ofSeconds(20)).send(HttpSenderTest.MESSAGE);
  }

  @ParameterizedTest
  @EnumSource(MailTls.class)
  void arrives(MailTls tls) throws Exception {
    Email config = config(server(tls), tls, RIGHT, "ops@example.org", "boss@example.org");
    assertThat(send(config)).isEqualTo(new Delivery.Done());
    String mail = Files.readString(folder.resolve("mail-1"));
    assertThat(mail)
        .startsWith("from fairlead@example.org\nto ops@example.org,boss@example.org\n")
        .contains("Date: Wed, 18 Nov 2026 11:06:40 GMT")
        .contains("Message-ID: <m-1@example.org>")
        .contains("Auto-Submitted: auto-generated");
    assertThat(subject(mail)).isEqualTo("[edge-1] Firing: service shop: größer \"und\" schlimmer");
    String body = mail.substring(mail.indexOf("\r\n\r\n")).strip();
    assertThat(new String(Base64.getMimeDecoder().decode(body), UTF_8))
        .contains("BAD  service shop: größer \"und\" schlimmer\n    most likely cause: node b\n")
        .endsWith("Fairlead on edge-1\n");
  }

  private static String subject(String mail) {
    Matcher words = Pattern.compile("=\\?utf-8\\?B\\?([^?]*)\\?=").matcher(mail);
    StringBuilder subject = new StringBuilder();
    while (words.find()) {
      subject.append(new String(Base64.getDecoder().decode(words.group(1)), UTF_8));
    }
    return subject.toString();
  }

  @Test
  void aWrongPasswordIsToldWithoutIt() throws Exception {
    int port = server(MailTls.STARTTLS);
    Delivery delivery =
        send(config(port, MailTls.STARTTLS, new Secret("wrong horse"), "ops@example.org"));
    assertThat(delivery).isInstanceOf(Delivery.Later.class);
    assertThat(delivery.toString()).contains("login refused with 535").doesNotContain("horse");
    assertThat(folder.resolve("mail-1")).doesNotExist();
  }

  @Test
  void anAddressThatIsRefusedIsSaidAndTheOthersGetIt() throws Exception {
    int port = server(MailTls.NONE);
    assertThat(send(config(port, MailTls.NONE, RIGHT, "refused@example.org")))
        .isInstanceOf(Delivery.Refused.class);
    Delivery delivery =
        send(config(port, MailTls.NONE, RIGHT, "refused@example.org", "ops@example.org"));
    assertThat(delivery.toString()).contains("not for all", "refused@example.org");
    assertThat(Files.readString(folder.resolve("mail-1"))).contains("to ops@example.org\n");
  }

  @Test
  void aServerWhoseCertificateIsNotTrustedGetsNothing() throws Exception {
    Email config = config(server(MailTls.STARTTLS), MailTls.STARTTLS, RIGHT, "ops@example.org");
    Email other =
        new Email(
            config.to(),
            config.from(),
            config.smtp(),
            config.tls(),
            config.user(),
            config.password(),
            List.of());
    Delivery delivery = send(other);
    assertThat(delivery).isInstanceOf(Delivery.Later.class);
    assertThat(delivery.toString()).contains("certificate");
  }

  /** Nothing is said in the clear to a server that does not offer TLS. */
  @Test
  void noPasswordWithoutTls() throws Exception {
    Delivery delivery =
        send(config(server(MailTls.NONE), MailTls.STARTTLS, RIGHT, "ops@example.org"));
    assertThat(delivery).isEqualTo(new Delivery.Later("the server does not offer STARTTLS"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "garbage\r\n",
        "220 hi\r\n",
        "220-hi\r\n",
        "421 not now\r\n",
        "220 hi\r\n250-a\r\n"
      })
  void whoeverDoesNotSpeakSmtpIsAskedAgain(String greeting) throws Exception {
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> greet(server, greeting));
      Delivery delivery =
          send(config(server.getLocalPort(), MailTls.NONE, RIGHT, "ops@example.org"));
      assertThat(delivery).isInstanceOf(Delivery.Later.class);
    }
  }

  @Test
  void whoeverDoesNotAnswerIsLeftInTime() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Email config = config(server.getLocalPort(), MailTls.NONE, RIGHT, "ops@example.org");
      assertThat(
              new MailSender(config, "edge-1", Duration.ofMillis(300)).send(HttpSenderTest.MESSAGE))
          .isInstanceOf(Delivery.Later.class);
    }
  }

  private static void greet(ServerSocket server, String greeting) {
    try (Socket socket = server.accept()) {
      socket.getOutputStream().write(greeting.getBytes(US_ASCII));
      socket.getOutputStream().flush();
      socket.shutdownOutput();
      byte[] _ = socket.getInputStream().readAllBytes();
    } catch (IOException _) {
      // The other side has had enough.
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "plain | plain",
        "a=b | =?utf-8?B?YT1i?=",
        "größer | =?utf-8?B?Z3LDtsOfZXI=?=",
        "two\\nlines | two lines"
      })
  void subjects(String text, String written) {
    assertThat(MailText.encoded(text.replace("\\n", "\n"))).isEqualTo(written);
  }

  @Test
  void aLongSubjectIsManyWordsOfWholeCharacters() {
    String text = "🦆".repeat(50);
    String written = MailText.encoded(text);
    assertThat(written.split("\r\n ", -1)).allMatch(word -> word.length() <= 75);
    assertThat(subject(written)).isEqualTo(text);
  }

  @Test
  void aDotAtTheBeginningOfALineIsDoubled() {
    assertThat(Smtp.stuffed(".a\r\nb.\r\n..\r\n")).isEqualTo("..a\r\nb.\r\n...\r\n");
  }
}

package io.fairlead;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.record.Duck;
import io.fairlead.telemetry.RecordRings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code logs.enabled}: what there is while it is off, and what a change of it does. */
@Timeout(60)
class RecordSwitchTest {
  @TempDir private Path data;

  private String yaml(boolean enabled) {
    return """
    admin: { bind: "127.0.0.1:0" }
    data: %s
    runtime: { event-loops: 2 }
    logs: { enabled: %s, ring: 4MiB }
    listeners:
      web: { bind: "127.0.0.1:0", routes: [ { redirect: { to: "https://other/" } } ] }
    """
        .formatted(data, enabled);
  }

  private void change(Fairlead fairlead, boolean enabled) {
    assertThat(fairlead.apply(Loopback.read(yaml(enabled)), "test"))
        .isInstanceOf(Fairlead.Applied.Done.class);
  }

  private static void ask(Fairlead fairlead, int count) throws Exception {
    try (Loopback.Client client = new Loopback.Client(Loopback.port(fairlead, "web"))) {
      for (int i = 0; i < count; i++) {
        assertThat(client.get("/").status()).isEqualTo(307);
      }
    }
  }

  private Path inMemory() throws Exception {
    byte[] digest =
        MessageDigest.getInstance("SHA-256")
            .digest(data.toAbsolutePath().normalize().toString().getBytes(UTF_8));
    return Path.of(
        "/dev/shm",
        "fairlead-"
            + Files.getAttribute(Path.of("/proc/self"), "unix:uid")
            + "-"
            + HexFormat.of().formatHex(digest, 0, 6));
  }

  private boolean hasRings() throws Exception {
    return Files.exists(inMemory()) || Files.exists(data.resolve("rings"));
  }

  private static long recorders() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("recorder"))
        .count();
  }

  private void assertNothingThere() throws Exception {
    assertThat(hasRings()).as("rings").isFalse();
    assertThat(recorders()).as("threads").isZero();
  }

  private String count() throws Exception {
    try (Duck duck = new Duck()) {
      return duck.value(
          "select count(*) || ' ' || count(distinct id) from " + Duck.all(data, "requests"));
    }
  }

  @Test
  void whileItIsOffThereIsNothing() throws Exception {
    try (Fairlead fairlead = Loopback.startRecording(yaml(false))) {
      ask(fairlead, 10);
      assertNothingThere();
      assertThat(fairlead.recorder()).isNull();
    }
    assertThat(data.resolve("records")).doesNotExist();
  }

  @Test
  void aChangeTurnsItOnAndOff() throws Exception {
    try (Fairlead fairlead = Loopback.startRecording(yaml(false))) {
      ask(fairlead, 3);
      change(fairlead, true);
      assertThat(hasRings()).isTrue();
      assertThat(recorders()).isEqualTo(1);
      ask(fairlead, 20);
      change(fairlead, false);
      assertNothingThere();
      assertThat(count()).as("on disk when the change is done").isEqualTo("20 20");
      ask(fairlead, 5);
      change(fairlead, true);
      ask(fairlead, 7);
      change(fairlead, true); // another change that has nothing to do with it
      ask(fairlead, 1);
      assertThat(Objects.requireNonNull(fairlead.recorder()).stats().restarts()).isZero();
    }
    assertNothingThere();
    assertThat(count()).isEqualTo("28 28");
    assertThat(RecordRings.left(data)).isEmpty();
  }

  @Test
  void aChangeBeforeAnybodyWantedRecordsMakesNone() throws Exception {
    try (Fairlead fairlead = Loopback.start(yaml(false))) {
      change(fairlead, true);
      ask(fairlead, 3);
      assertNothingThere();
    }
  }
}

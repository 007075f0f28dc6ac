package io.fairlead.scaling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.config.HostPort;
import io.fairlead.config.ScaleDriver;
import io.fairlead.config.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Three programs of somebody else: a folder of files stands for the nodes. */
@Timeout(30)
class ExecDriverTest {
  private static final Duration GRACE = Duration.ofSeconds(3);

  @TempDir private Path folder;

  @Test
  void listAddAndRemove() throws IOException {
    ExecDriver driver = driver();
    assertThat(driver.find()).isEmpty();
    Started node = driver.start("shop-1");
    assertThat(node)
        .isEqualTo(new Started("shop-1", new HostPort("10.0.0.1", 80), "machine 7 of test-shop"));
    assertThat(driver.start("shop-1")).as("asked for twice").isEqualTo(node);
    driver.start("shop-2");
    assertThat(driver().find()).extracting(Started::name).containsExactly("shop-1", "shop-2");
    driver.stop(node, GRACE);
    driver.stop(node, GRACE);
    assertThat(driver.find()).extracting(Started::name).containsExactly("shop-2");
    assertThat(Files.readString(folder.resolve("removed")))
        .isEqualTo("shop-1 within 3 as blue\nshop-1 within 3 as blue\n");
  }

  @Test
  void whatNobodyKnowsOfIsRemoved() throws IOException {
    ExecDriver driver = driver();
    Started good = driver.start("shop-1");
    driver().start("shop-2"); // by another process, after ours has looked
    assertThat(driver.look(List.of(good))).isEmpty();
    assertThat(driver.find()).hasSize(2);
    assertThat(driver.look(List.of(good))).isEmpty();
    assertThat(driver.find()).containsExactly(good);
  }

  @Test
  void whatIsWrongIsSaid() throws IOException {
    ScaleDriver.Exec broken =
        new ScaleDriver.Exec(
            List.of("sh", "-c", "echo no credentials >&2; exit 4"),
            List.of("true"),
            List.of("true"),
            Map.of(),
            folder);
    ExecDriver driver = new ExecDriver("test", "shop", broken, Duration.ofSeconds(5));
    assertThatThrownBy(driver::find).hasMessage("sh ended with 4: no credentials");
    assertThatThrownBy(() -> driver.start("shop-1")).hasMessage("true did not say where shop-1 is");
  }

  @Test
  void whoTakesTooLongIsKilled() {
    ScaleDriver.Exec slow =
        new ScaleDriver.Exec(
            List.of("true"),
            List.of("sh", "-c", "sleep 1000 & sleep 1000"),
            List.of("true"),
            Map.of(),
            folder);
    ExecDriver driver = new ExecDriver("test", "shop", slow, Duration.ofSeconds(1));
    assertThatThrownBy(() -> driver.start("shop-1")).hasMessage("sh took longer than 1 s");
  }

  @ParameterizedTest
  @CsvSource({
    "a 10.0.0.1:80,        a, 10.0.0.1, 80, a",
    "a  [fd00::1]:80 i-17, a, fd00::1,  80, i-17",
    "b host:1 x y,         b, host,     1,  x y"
  })
  void lines(String line, String name, String host, int port, String id) throws IOException {
    Started node = ExecDriver.parse(line);
    assertThat(node).isEqualTo(new Started(name, new HostPort(host, port), id));
  }

  @ParameterizedTest
  @CsvSource({"a", "a 10.0.0.1", "a 10.0.0.1:0", "a: 10.0.0.1:80", "Error: denied"})
  void linesThatSayNothing(String line) {
    assertThatThrownBy(() -> ExecDriver.parse(line)).isInstanceOf(IOException.class);
  }

  private ExecDriver driver() throws IOException {
    script("list", "cat nodes/*.$FAIRLEAD_MARK 2>/dev/null; true");
    script(
        "add",
        "mkdir -p nodes; f=nodes/$1.$FAIRLEAD_MARK",
        "[ -e $f ] || echo $1 10.0.0.1:80 machine 7 of $FAIRLEAD_MARK > $f",
        "cat $f");
    script(
        "remove",
        "rm -f nodes/$1.$FAIRLEAD_MARK",
        "echo $FAIRLEAD_NAME within $FAIRLEAD_GRACE as $COLOUR >> removed");
    return new ExecDriver(
        "test",
        "shop",
        new ScaleDriver.Exec(
            List.of("./list"),
            List.of("./add", "{name}"),
            List.of("./remove", "{name}"),
            Map.of("COLOUR", new Secret("blue")),
            folder),
        Duration.ofSeconds(20));
  }

  private void script(String name, String... lines) throws IOException {
    Path file = folder.resolve(name);
    if (!Files.exists(file)) {
      Files.writeString(file, "#!/bin/sh\n" + String.join("\n", lines) + "\n");
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }
  }
}

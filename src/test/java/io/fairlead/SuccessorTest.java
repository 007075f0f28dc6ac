package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which program replaces this process, and what systemd is told of it. */
@Timeout(60)
class SuccessorTest {
  @TempDir Path folder;

  private List<String> program(String... arguments) throws IOException {
    Path file = Files.writeString(folder.resolve("cmdline"), String.join("\0", arguments) + "\0");
    List<String> found = Successor.program(null, file);
    return found == null ? List.of() : found;
  }

  @Test
  void theProgramIsTheOneThatRuns() throws IOException {
    assertThat(Successor.program("/opt/fairlead/fairlead", folder))
        .containsExactly("/opt/fairlead/fairlead");
    assertThat(program("java", "-Xmx1g", "-cp", "f.jar", "io.fairlead.Main", "run", "-c", "a b"))
        .containsExactly("java", "-Xmx1g", "-cp", "f.jar", "io.fairlead.Main");
    assertThat(program("java", "-jar", "f.jar", "run")).containsExactly("java", "-jar", "f.jar");
    assertThat(program("java", "Other")).isEmpty();
    assertThat(program("java", "-jar")).as("cut").containsExactly("java", "-jar", "");
    assertThat(Successor.program(null, folder.resolve("none"))).isNull();
  }

  /** As systemd listens: with a file, and in the kernel's own names. */
  @ParameterizedTest
  @ValueSource(strings = {"file", "abstract"})
  void systemdIsTold(String kind) throws Exception {
    Path heard = folder.resolve("heard");
    boolean file = kind.equals("file");
    String name = file ? folder.resolve("notify").toString() : "fairlead-" + folder.getFileName();
    Process listener =
        new ProcessBuilder(
                "socat",
                "-u",
                (file ? "UNIX-RECV:" : "ABSTRACT-RECV:") + name,
                "OPEN:" + heard + ",creat,append")
            .inheritIO()
            .start();
    EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    try {
      Loopback.await(
          "told",
          Duration.ofSeconds(20),
          () -> {
            ServiceManager.tell(file ? name : "@" + name, "READY=1\nMAINPID=7", loops.next());
            return Files.exists(heard) && text(heard).contains("READY=1\nMAINPID=7");
          });
    } finally {
      listener.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
      loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }
}

package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The systemd unit and the container file name what there is. */
class DeploymentExamplesTest {
  private static final Path UNIT = Path.of("examples", "fairlead.service");
  private static final Path CONTAINER = Path.of("examples", "Containerfile");

  @TempDir Path folder;

  @Test
  void systemdUnderstandsTheUnit() throws Exception {
    Path verifier = Path.of("/usr/bin/systemd-analyze");
    assumeThat(verifier).isExecutable();
    // The programs of the unit are not on this machine; any program is.
    Path copy =
        Files.writeString(
            folder.resolve("fairlead.service"),
            Files.readString(UNIT).replace("/opt/fairlead/fairlead", "/bin/true"));
    Process verify =
        new ProcessBuilder(verifier.toString(), "verify", copy.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(verify.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(verify.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(said.lines().filter(line -> line.contains("fairlead"))).isEmpty();
  }

  @Test
  void theCommandsAreUnderstoodByTheCommandLine() throws IOException {
    Matcher start =
        Pattern.compile("(?m)^ExecStart=/opt/fairlead/fairlead (.*)$")
            .matcher(Files.readString(UNIT));
    assertThat(start.find()).isTrue();
    assertThat(List.of(start.group(1).split(" ", -1)))
        .containsExactly("run", "--takeover=if-running", "-c", "/etc/fairlead/fairlead.yaml");
    assertThat(Files.readString(CONTAINER))
        .contains("CMD [\"run\", \"-c\", \"/etc/fairlead/fairlead.yaml\"]");
  }

  @Test
  void whatTheContainerFileCopiesIsThere() throws IOException {
    List<String> copied =
        Files.readString(CONTAINER)
            .lines()
            .filter(line -> line.startsWith("COPY ") && !line.contains("--from"))
            .map(line -> line.split(" ", -1)[1])
            .toList();
    assertThat(copied).contains("pom.xml", "src", "fairlead", "bin/find-jdk");
    assertThat(copied).allSatisfy(path -> assertThat(Path.of(path)).exists());
  }

  @Test
  void theProfilesItBuildsWithAreThere() throws IOException {
    Matcher profiles =
        Pattern.compile("(?m)^RUN mvn .*-P(\\S+) package$").matcher(Files.readString(CONTAINER));
    assertThat(profiles.find()).isTrue();
    String pom = Files.readString(Path.of("pom.xml"));
    assertThat(List.of(profiles.group(1).split(",", -1)))
        .allSatisfy(profile ->
            assertThat(pom)
                .containsPattern("<profile>\\s*<id>" + Pattern.quote(profile) + "</id>"));
  }
}

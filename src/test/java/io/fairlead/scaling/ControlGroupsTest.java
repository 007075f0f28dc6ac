package io.fairlead.scaling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is written where; a folder stands for the kernel's, which few machines let a test divide.
 */
class ControlGroupsTest {
  @TempDir Path group;

  @Test
  void aNodeIsInItsGroupBeforeItsProgramBegins() throws Exception {
    Files.writeString(group.resolve("cgroup.controllers"), "cpuset cpu io memory pids\n");
    ControlGroups groups = ControlGroups.open(group, false);
    assertThat(group.resolve("cgroup.subtree_control")).hasContent("+memory +cpu");
    assertThat(group.resolve("agent/cgroup.procs"))
        .hasContent(Long.toString(ProcessHandle.current().pid()));
    List<String> command = new ArrayList<>(groups.within("owner-shop-shop-1", 512 << 20, 1.5));
    Path own = group.resolve("node-owner-shop-shop-1");
    assertThat(own.resolve("memory.max")).hasContent("536870912");
    assertThat(own.resolve("cpu.max")).hasContent("150000 100000");
    command.addAll(List.of("sh", "-c", "echo $$ \"$0\" \"$1\"", "a b", "$c"));
    Process process = new ProcessBuilder(command).start();
    assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip())
        .isEqualTo(process.pid() + " a b $c");
    assertThat(own.resolve("cgroup.procs")).hasContent(Long.toString(process.pid()));
    groups.within("owner-shop-shop-2", 0, 0.5);
    assertThat(group.resolve("node-owner-shop-shop-2/memory.max")).hasContent("max");
  }

  @Test
  void thatBoundsCannotBeKeptIsSaidInWords() throws IOException {
    assertThatThrownBy(() -> ControlGroups.open(group, false))
        .hasMessage("the group " + group + " cannot be read");
    Files.writeString(group.resolve("cgroup.controllers"), "\n");
    assertThatThrownBy(() -> ControlGroups.open(group, true))
        .hasMessage(
            "the group "
                + group
                + " does not have the controllers memory and cpu, which this system uses by cgroups of"
                + " version 1");
    Files.writeString(group.resolve("cgroup.controllers"), "cpu memory\n");
    Files.createDirectories(group.resolve("cgroup.subtree_control"));
    assertThatThrownBy(() -> ControlGroups.open(group, false))
        .hasMessage("the group " + group + " is not the agent's to divide (systemd: Delegate=yes)");
  }
}

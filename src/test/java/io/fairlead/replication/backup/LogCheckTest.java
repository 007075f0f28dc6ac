package io.fairlead.replication.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.replication.PostgresPrograms;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What recovery is shown of the log. */
class LogCheckTest {
  /** A file gets its final name when it is whole, before or after it has been shown. */
  @Test
  void aFileThatIsBeingReceivedStaysAsItIsShown(@TempDir Path folder) throws Exception {
    Path view = Files.createDirectory(folder.resolve("view"));
    String third = WalFile.name(1, 3, 100);
    String fourth = WalFile.name(1, 4, 100);
    Path before = Files.writeString(folder.resolve(third + WalFile.PARTIAL), "three");
    Path after = folder.resolve(fourth + WalFile.PARTIAL);
    Files.writeString(folder.resolve(fourth), "four, and more by now");
    Archive archive =
        new Archive(
            100,
            List.of(ArchiveTest.backup("b", 1, 300, 310)),
            List.of(
                new WalFile(1, 3, false, 400, 400, before),
                new WalFile(1, 4, false, 420, 420, after)),
            Map.of());
    LogCheck.show(PostgresPrograms.find(), view, archive, archive.reaches().getFirst());
    Files.move(before, folder.resolve(third));
    assertThat(view.resolve(third)).hasContent("three");
    assertThat(view.resolve(fourth)).hasContent("four, and more by now");
  }
}

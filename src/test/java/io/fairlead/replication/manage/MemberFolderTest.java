package io.fairlead.replication.manage;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.replication.PostgresPrograms;
import io.fairlead.replication.manage.MemberFolder.Notes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Data is given up for a copy while somebody still reads it, and finds a damaged page. */
class MemberFolderTest {
  private static final Damage FOUND = new Damage(Damage.Plan.COPY, "block 7 of base/5/1");

  private MemberFolder folder;
  private Object before;
  private Object now;

  @BeforeEach
  void isCopied(@TempDir Path top) throws IOException {
    folder = new MemberFolder(PostgresPrograms.find(), top);
    before = make();
    folder.note(before, new Notes(1, 2, 3));
    folder.markDamaged(before, FOUND);
    assertThat(folder.damage()).isEqualTo(FOUND);
    folder.setAside();
    assertThat(folder.key()).as("there is none to say it of").isNull();
    now = make();
    assertThat(folder.damage()).isNull();
    assertThat(folder.notes()).isEqualTo(new Notes(0, 0, 3));
  }

  private Object make() throws IOException {
    Path _ = Files.createDirectory(folder.data());
    return Objects.requireNonNull(folder.key());
  }

  @Test
  void whatIsFoundLateIsNotSaidOfTheCopy() throws IOException {
    folder.markDamaged(before, FOUND);
    assertThat(folder.damage()).isNull();
    folder.markDamaged(now, FOUND);
    assertThat(folder.damage()).isEqualTo(FOUND);
  }

  @Test
  void whatIsCountedLateIsNotCountedForTheCopy() throws IOException {
    folder.note(before, new Notes(4, 5, 3));
    assertThat(folder.notes()).isEqualTo(new Notes(0, 0, 3));
    folder.note(now, new Notes(4, 5, 3));
    assertThat(folder.notes()).isEqualTo(new Notes(4, 5, 3));
  }

  @Test
  void whoHasReadAllOfTheOldDataHasNotReadTheCopy() throws IOException {
    folder.markDamaged(now, FOUND);
    folder.mended(before);
    assertThat(folder.damage()).isEqualTo(FOUND);
    folder.mended(now);
    assertThat(folder.damage()).isNull();
  }
}

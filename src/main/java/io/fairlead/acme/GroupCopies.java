package io.fairlead.acme;

import io.fairlead.config.AcmeConfig;
import io.fairlead.runtime.SharedValues;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What each instance of a group takes over of what the one who orders has put into its state. All
 * of it is what this instance knows, which may be old.
 */
public final class GroupCopies {
  private final SharedValues values;
  private final FolderVault files;
  private final TextSeal seal;

  public GroupCopies(SharedValues values, FolderVault files, TextSeal seal) {
    this.values = values;
    this.files = files;
    this.seal = seal;
  }

  /** Tells of each change of what may be taken over, by a thread that must not be held up. */
  public SharedValues.Watch watch(Runnable changed) throws IOException {
    return GroupVault.watch(values, changed);
  }

  /**
   * Keeps the certificate and the account's key in this instance's own folder as well, and what is
   * said of how tries go. A certificate that ends no later than the one that is there is left.
   *
   * @throws IOException if it cannot be kept, or is not one to be shown
   */
  public void take(Renewal renewal) throws IOException {
    AcmeConfig config = renewal.config();
    renewal.hear(GroupVault.peek(values, seal, Renewal.triesName(config)));
    String account = Authority.accountName(config);
    String key = GroupVault.peek(values, seal, account);
    if (key != null && !key.equals(files.get(account))) {
      files.put(account, key);
    }
    String pem = Renewal.fileName(config);
    String issued = GroupVault.peek(values, seal, pem);
    if (issued != null && Renewal.isLater(issued, files.get(pem))) {
      X509Certificate _ = Renewal.read(files, pem + ".taken", issued);
      files.put(pem, issued);
    }
  }

  /** What the authority asks for at present, as a text; null: nothing. */
  public @Nullable String asked(AcmeConfig config) throws IOException {
    return GroupVault.peek(values, seal, GroupVault.askedName(config));
  }

  /** Says to all what the authority asks for; empty: nothing any more. */
  public static void ask(Vault vault, AcmeConfig config, List<Challenges.Question> questions)
      throws IOException {
    String name = GroupVault.askedName(config);
    if (questions.isEmpty()) {
      vault.delete(name);
    } else {
      vault.put(name, text(questions));
    }
  }

  /** As {@link #asked} has it. */
  public static String text(List<Challenges.Question> questions) {
    StringBuilder text = new StringBuilder();
    questions.forEach(one ->
        text.append(one.domain())
            .append('\t')
            .append(one.token())
            .append('\t')
            .append(one.authorization())
            .append('\n'));
    return text.toString();
  }

  /** What a text of {@link #text} says. */
  public static List<Challenges.Question> questions(String text) {
    List<Challenges.Question> questions = new ArrayList<>();
    for (String line : text.lines().toList()) {
      String[] words = line.split("\t", -1);
      if (words.length == 3) {
        questions.add(new Challenges.Question(words[0], words[1], words[2]));
      }
    }
    return questions;
  }
}

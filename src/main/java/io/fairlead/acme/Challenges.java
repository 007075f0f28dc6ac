package io.fairlead.acme;

import io.fairlead.config.AcmeConfig;
import java.io.IOException;
import java.util.List;

/** Answers what authorities ask to see that names are ours. */
public interface Challenges {
  /**
   * What is asked for one name.
   *
   * @param domain the name
   * @param token names the question
   * @param authorization the answer: the token and a mark of the account's key; for dns-01 the text
   *     that is made of both
   */
  record Question(String domain, String token, String authorization) {}

  /**
   * From its return on these are answered by whoever may be asked. May wait, but not if there are
   * none.
   *
   * @param certificate what is being ordered
   * @param questions all that are outstanding for it; empty: none are any more
   */
  void outstanding(AcmeConfig certificate, List<Question> questions)
      throws IOException, InterruptedException;
}

package io.fairlead.dns;

import org.jspecify.annotations.Nullable;

/**
 * What an answer says and why, as far as its bytes do not tell, for its record. Belongs to one
 * thread and is used again: a few stores for each answer, whether it is recorded or not.
 */
final class Told {
  /** What an answer is. */
  enum Kind {
    /** Nothing of a zone: an error, or a cookie alone. */
    NOTHING,
    RECORDS,
    /** The name has none of that type. */
    NO_DATA,
    NO_NAME,
    /** Somebody else knows. */
    REFERRAL,
    /** A whole zone. */
    TRANSFER
  }

  Kind kind = Kind.NOTHING;

  /** Null: nothing was wrong. */
  @Nullable AnswerError error;

  /** Records of the answer, where they are not those of {@link #set}. */
  int records;

  /** Null: records of no zone's file. */
  @Nullable RecordSet set;

  /** Which of the set came first. */
  int first;

  /** Null: nothing was chosen. */
  @Nullable Balanced balanced;

  Choices choices = Choices.NOTHING;

  /** Of the client; null: it is of none. */
  @Nullable String site;

  /** What was chosen from, and which of it; of HTTPS two families. */
  Family family = Family.NONE;

  int count;
  final int[] chosen = new int[32];
  Family otherFamily = Family.NONE;
  int otherCount;
  final int[] otherChosen = new int[32];

  /** Of a referral: where the zone ends. */
  @Nullable Owner cut;

  void clear() {
    kind = Kind.NOTHING;
    error = null;
    records = 0;
    set = null;
    balanced = null;
    cut = null;
  }

  /** Records that do not change. */
  void tell(RecordSet given, int firstOfThem) {
    kind = Kind.RECORDS;
    set = given;
    first = firstOfThem;
  }

  /** Records that were made for this answer. */
  void tell(int given) {
    kind = Kind.RECORDS;
    set = null;
    records = given;
  }

  /** Whether a balanced name was answered with an address. */
  boolean isChosen() {
    return count + otherCount > 0;
  }

  /** Too many, rather than wrong. */
  boolean isLimited() {
    return error == AnswerError.RATE_DROPPED || error == AnswerError.RATE_SLIPPED;
  }
}

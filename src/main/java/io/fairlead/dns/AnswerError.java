package io.fairlead.dns;

import java.util.Locale;

/** What was wrong with a question, or is with its answer, as records say it. */
enum AnswerError {
  /** Shorter than a head, or an answer itself: nothing is sent. */
  NO_QUESTION,
  /** FORMERR. */
  MALFORMED,
  /** NOTIMP: an operation, or a type that is none to ask for. */
  NOT_IMPLEMENTED,
  /** BADVERS: of EDNS. */
  BAD_VERSION,
  /** NOTAUTH: who signed has another key, another clock, or changed something. */
  BAD_SIGNATURE,
  /** NOTAUTH: a zone was to be transferred that is none. */
  NOT_A_ZONE,
  /** REFUSED: the name is of no zone here. */
  NO_ZONE,
  /** REFUSED: another class than IN. */
  WRONG_CLASS,
  /** REFUSED: a zone may not be transferred to whoever asked. */
  NO_TRANSFER,
  /** A mistake of ours: nothing is sent, or SERVFAIL. */
  FAILED,
  /** The answer does not fit: sent without records, "by TCP". */
  TRUNCATED,
  /** No member of a balanced name can be answered with. */
  NO_ADDRESS,
  /** Too many like it: nothing is sent. */
  RATE_DROPPED,
  /** Too many like it: "by TCP". */
  RATE_SLIPPED;

  /** In lower case, with dashes. */
  final String word = name().toLowerCase(Locale.ROOT).replace('_', '-');

  /** What a response code says where nothing more is known. */
  static AnswerError of(int rcode) {
    return switch (rcode) {
      case Type.FORMERR -> MALFORMED;
      case Type.NOTIMP -> NOT_IMPLEMENTED;
      case Type.BADVERS -> BAD_VERSION;
      case Type.NOTAUTH -> NOT_A_ZONE;
      case Type.REFUSED -> NO_ZONE;
      default -> FAILED;
    };
  }
}

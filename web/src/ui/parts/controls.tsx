// Buttons and the dialog: few forms, always the same.
import type { ReactNode, Ref } from "react";
import {
  Button,
  type ButtonProps,
  Dialog,
  Heading,
  Modal,
  ModalOverlay,
} from "react-aria-components";
import { sentenceCase } from "../../i18n";
import { useTexts } from "../context";
import css from "./controls.module.css";

export type Tone = "primary" | "plain" | "danger" | "warn" | "quiet";

export interface ActProps extends Omit<ButtonProps, "className" | "children"> {
  tone?: Tone;
  large?: boolean;
  ref?: Ref<HTMLButtonElement>;
  children: ReactNode;
}

export function Act({ tone = "plain", large = false, children, ...rest }: ActProps) {
  return (
    <Button {...rest} className={`${css["act"]} ${css[tone]} ${large ? css["large"] : ""}`}>
      {children}
    </Button>
  );
}

/** Answer is one way to end a question: the press that acts. */
export interface Answer {
  label: string;
  tone?: Tone;
  isDisabled?: boolean;
  onPress: () => void;
}

interface SheetProps {
  title: string;
  text: string;
  /** names of those whom the act touches */
  affected?: string[];
  /** the refusal of the last try, said inside the dialog */
  refused?: string;
  /** where several answers are possible each has its own button, so that choosing is acting */
  answers: readonly Answer[];
  children?: ReactNode;
  onClose: () => void;
}

/** Sheet is a question before an act: what follows, whom it touches, and its answers. */
export function Sheet(p: SheetProps) {
  const { t } = useTexts();
  const several = p.answers.length > 1;
  const answers = p.answers.map((a) => (
    <Act
      key={a.label}
      tone={a.tone ?? "primary"}
      isDisabled={a.isDisabled ?? false}
      onPress={a.onPress}
    >
      {a.label}
    </Act>
  ));
  return (
    <ModalOverlay
      isOpen
      isDismissable={false}
      className={css["overlay"] ?? ""}
      onOpenChange={(open) => {
        if (!open) p.onClose();
      }}
    >
      <Modal className={css["modal"] ?? ""}>
        <Dialog role="alertdialog" className={css["dialog"] ?? ""}>
          <Heading slot="title" className={css["title"] ?? ""}>
            {p.title}
          </Heading>
          {p.text === "" ? null : <p>{p.text}</p>}
          {p.children}
          {p.affected && p.affected.length > 0 ? (
            <div>
              <p className={css["affectedTitle"]}>{t("confirm_affected")}</p>
              <ul className={css["affected"]}>
                {p.affected.map((name) => (
                  <li key={name}>{sentenceCase(name)}</li>
                ))}
              </ul>
            </div>
          ) : null}
          {p.refused ? (
            <p role="alert" className={css["refused"]}>
              <strong>{t("act_refused")}.</strong> {p.refused}
            </p>
          ) : null}
          <div className={several ? css["answers"] : css["row"]}>
            {several ? answers : null}
            <Act autoFocus onPress={p.onClose}>
              {t("cancel")}
            </Act>
            {several ? null : answers}
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

interface ConfirmProps extends Omit<SheetProps, "answers"> {
  confirm: string;
  tone?: Tone;
  isDisabled?: boolean;
  onConfirm: () => void;
}

/** Confirm asks once more: a sheet with one answer. */
export function Confirm({ confirm, tone, isDisabled, onConfirm, ...sheet }: ConfirmProps) {
  const answer: Answer = {
    label: confirm,
    tone: tone ?? "primary",
    isDisabled: isDisabled ?? false,
    onPress: onConfirm,
  };
  return <Sheet {...sheet} answers={[answer]} />;
}

// Buttons and the dialog: few forms, always the same.
import type { ReactNode } from "react";
import {
  Button,
  type ButtonProps,
  Dialog,
  Heading,
  Modal,
  ModalOverlay,
} from "react-aria-components";
import { useTexts } from "../context";
import css from "./controls.module.css";

export type Tone = "primary" | "plain" | "danger" | "warn" | "quiet";

export interface ActProps extends Omit<ButtonProps, "className" | "children"> {
  tone?: Tone;
  large?: boolean;
  children: ReactNode;
}

export function Act({ tone = "plain", large = false, children, ...rest }: ActProps) {
  return (
    <Button {...rest} className={`${css["act"]} ${css[tone]} ${large ? css["large"] : ""}`}>
      {children}
    </Button>
  );
}

interface ConfirmProps {
  title: string;
  text: string;
  confirm: string;
  tone?: Tone;
  /** names of those whom the act touches */
  affected?: string[];
  /** the refusal of the last try, said inside the dialog */
  refused?: string;
  isDisabled?: boolean;
  children?: ReactNode;
  onConfirm: () => void;
  onClose: () => void;
}

/** Confirm asks once more, says what follows and whom it touches. */
export function Confirm(p: ConfirmProps) {
  const { t } = useTexts();
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
                  <li key={name}>{name}</li>
                ))}
              </ul>
            </div>
          ) : null}
          {p.refused ? (
            <p role="alert" className={css["refused"]}>
              <strong>{t("act_refused")}.</strong> {p.refused}
            </p>
          ) : null}
          <div className={css["row"]}>
            <Act autoFocus onPress={p.onClose}>
              {t("cancel")}
            </Act>
            <Act
              tone={p.tone ?? "primary"}
              isDisabled={p.isDisabled ?? false}
              onPress={p.onConfirm}
            >
              {p.confirm}
            </Act>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

// The page that checks a sealed file, for officials.
import { useSay, VerifyFile } from "../../../verify/VerifyFile";
import { Page } from "../parts/page";

export default function Verify() {
  const { say } = useSay();
  return (
    <Page title={say("verify_title")} lead={say("verify_lead")}>
      <VerifyFile />
    </Page>
  );
}
